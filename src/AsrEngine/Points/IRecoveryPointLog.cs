using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>The recovery points in the vault's catalog. Safe for concurrent callers.</summary>
public interface IRecoveryPointLog
{
    /// <summary>Publishes a point; the same id again gives the one stored first.</summary>
    Task<AsrRecoveryPoint> PublishAsync(AsrRecoveryPoint point, CancellationToken cancellationToken);

    /// <summary>A machine's points, newest first.</summary>
    Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, CancellationToken cancellationToken);

    /// <summary>One point, or null.</summary>
    Task<AsrRecoveryPoint?> FindAsync(Guid machineId, Guid pointId, CancellationToken cancellationToken);

    /// <summary>Removes points older than <paramref name="before"/>, never the newest one and never those <paramref name="inUse"/>. Returns how many.</summary>
    Task<int> ExpireAsync(Guid machineId, DateTimeOffset before, IReadOnlyCollection<Guid> inUse, CancellationToken cancellationToken);

    /// <summary>Removes all points of a machine.</summary>
    Task DeleteAllAsync(Guid machineId, CancellationToken cancellationToken);
}
