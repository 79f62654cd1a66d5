using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>
/// The instants of every machine in the vault's catalog: what makes any second between recovery points findable. New ones are kept in memory for some
/// seconds and written together; a look-up writes first, so that it sees all of them. Safe for concurrent callers.
/// </summary>
public interface IInstantLog
{
    /// <summary>
    /// Takes instants in the order of their time, at most <see cref="ReplicationLimits.InstantsPerReportMax"/>; those that the last call told already are left out.
    /// Those that a vault out of reach leaves unwritten are bounded, the oldest go first.
    /// </summary>
    void Note(Guid machineId, IReadOnlyList<MachineInstant> instants);

    /// <summary>Writes what has waited long enough or is many; with <paramref name="all"/> everything.</summary>
    Task WriteAsync(bool all, CancellationToken cancellationToken);

    /// <summary>The newest instants at or before a time, newest first.</summary>
    Task<IReadOnlyList<MachineInstant>> ListBeforeAsync(Guid machineId, DateTimeOffset at, int countMax, CancellationToken cancellationToken);

    /// <summary>The oldest instant after a time, or null.</summary>
    Task<MachineInstant?> FindAfterAsync(Guid machineId, DateTimeOffset after, CancellationToken cancellationToken);

    /// <summary>Removes documents that hold nothing but instants older than <paramref name="before"/>. Returns how many.</summary>
    Task<int> ExpireAsync(Guid machineId, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Removes all instants of a machine.</summary>
    Task DeleteAllAsync(Guid machineId, CancellationToken cancellationToken);
}
