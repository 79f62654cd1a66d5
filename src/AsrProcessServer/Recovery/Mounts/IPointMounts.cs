using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>The recovery points that are mounted in this appliance. Safe for concurrent callers.</summary>
public interface IPointMounts
{
    /// <summary>Every mount, oldest first.</summary>
    IReadOnlyList<AsrRecoveryPointMount> List();

    /// <summary>
    /// Mounts a point; the same request again gives the same mount. On failure, and when it is cancelled, nothing stays behind. <see cref="AsrErrorCode.NotFound"/>
    /// (machine, point or disk), <see cref="AsrErrorCode.InUse"/> (too many mounts), <see cref="AsrErrorCode.ToolMissing"/> or
    /// <see cref="AsrErrorCode.AttachFailed"/> (attaching), or what opening the point throws.
    /// </summary>
    Task<AsrRecoveryPointMount> MountAsync(MountRequest request, string requestedBy, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a mount and throws away what was written to it. An unknown one is no error. <see cref="AsrErrorCode.InUse"/> while someone uses its attached
    /// file systems; then it stays.
    /// </summary>
    Task DismountAsync(Guid mountId, CancellationToken cancellationToken);

    /// <summary>Ends every mount of a machine, in use or not: its data is about to go.</summary>
    Task DismountAllAsync(Guid machineId);
}
