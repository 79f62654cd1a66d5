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

    /// <summary>A machine's points at or before a time, newest first; null for all.</summary>
    Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, DateTimeOffset? until, CancellationToken cancellationToken);

    /// <summary>One point, or null.</summary>
    Task<AsrRecoveryPoint?> FindAsync(Guid machineId, Guid pointId, CancellationToken cancellationToken);

    /// <summary>
    /// Pins, unpins or names a point and returns it. <see cref="AsrErrorCode.NotFound"/>; <see cref="AsrErrorCode.AlreadyExists"/> when another point of
    /// the machine has the name.
    /// </summary>
    Task<AsrRecoveryPoint> ChangeAsync(Guid machineId, Guid pointId, RecoveryPointChange change, CancellationToken cancellationToken);

    /// <summary>Changes what is noted on a point; one that is gone is left. May be repeated.</summary>
    Task MarkAsync(Guid machineId, Guid pointId, Func<AsrRecoveryPoint, AsrRecoveryPoint> mark, CancellationToken cancellationToken);

    /// <summary>Removes what <see cref="ThinningPlanner"/> lets go and tells what went. Cheap enough to be asked every minute: a point is read once.</summary>
    Task<IReadOnlyList<PointRemoval>> ThinAsync(
        Guid machineId, IReadOnlyList<RetentionTier> tiers, IReadOnlyCollection<Guid> inUse, CancellationToken cancellationToken);

    /// <summary>
    /// Removes every point of a machine, pinned ones too, except those that are immutable. Returns until when the last of these stays; null
    /// when no point is left.
    /// </summary>
    Task<DateTimeOffset?> DeleteAllAsync(Guid machineId, CancellationToken cancellationToken);
}
