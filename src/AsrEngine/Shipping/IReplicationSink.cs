using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Shipping;

/// <summary>
/// Where captured changes go: a process server over HTTPS, or the one in this process. Every call may be repeated after a lost answer.
/// Errors are <see cref="AsrException"/> with <see cref="AsrErrorCode.SessionLost"/> or <see cref="AsrErrorCode.WriterFenced"/> (open a new session),
/// <see cref="AsrErrorCode.SpoolFull"/>, <see cref="AsrErrorCode.VaultUnavailable"/>, <see cref="AsrErrorCode.VaultFull"/> or
/// <see cref="AsrErrorCode.ApplianceUnreachable"/> (try again later), <see cref="AsrErrorCode.SequenceGap"/> or <see cref="AsrErrorCode.BatchMalformed"/>
/// (a fault: resynchronise). Safe for concurrent callers.
/// </summary>
public interface IReplicationSink
{
    /// <summary>Becomes the writer of a disk.</summary>
    Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Sends one batch (see <see cref="Segments.ChangeBatch"/>). Batches of one disk may be sent concurrently; the receiver puts them in order
    /// and answers each once it is durable. The caller keeps the memory until the task ends.
    /// </summary>
    Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken);

    /// <summary>How far an epoch has come; <see cref="AsrErrorCode.SessionLost"/> when it is no longer the current one.</summary>
    Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken);

    /// <summary>Publishes a point once all its changes are durable in the vault; waits for that. The same id again gives the same point.</summary>
    Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken);
}

/// <summary>Reads what the replica holds: for comparing (resynchronisation) and for bringing a disk back (failback). Safe for concurrent callers.</summary>
public interface IReplicaSource
{
    /// <summary>
    /// Hashes of adjacent regions, <see cref="ReplicationLimits.DigestBytes"/> each. They may be a little older than the stream:
    /// that is safe, because the comparison's outcome "equal" stays right under the writes that follow (docs/architecture.md, "Comparing by hash").
    /// </summary>
    Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken);

    /// <summary>Fills the buffer with the disk's content at a recovery point.</summary>
    Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken);
}
