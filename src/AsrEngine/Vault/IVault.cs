using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Scrub;

namespace Asr.Engine.Vault;

/// <summary>
/// An opened vault: the only durable truth. Everything else in the system is a cache of it or waits to be sent to it.
/// Safe for concurrent callers; several processes may have the same vault open, writers are kept apart by epochs.
/// </summary>
public interface IVault : IAsyncDisposable
{
    /// <summary>Id, place and age.</summary>
    AsrVault Description { get; }

    /// <summary>The documents.</summary>
    ICatalog Catalog { get; }

    /// <summary>Encrypts small secrets for storage in a document.</summary>
    ISecretBox Secrets { get; }

    /// <summary>Bytes waiting in this machine's spool for the vault's storage.</summary>
    long SpoolBytes { get; }

    /// <summary>
    /// Makes the caller the writer of a disk: a new epoch with a data key of its own, branching from the head or from
    /// <see cref="OpenSessionRequest.Base"/>. Every earlier writer is fenced from here on. A repeated nonce whose epoch has written
    /// nothing yet gives a new epoch with that one's parent. Throws <see cref="AsrErrorCode.DiskSizeChanged"/>,
    /// <see cref="AsrErrorCode.DiskUnsupported"/>, <see cref="AsrErrorCode.RecoveryPointUnavailable"/> for a base that is not there.
    /// </summary>
    Task<IReplicaWriter> TakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken);

    /// <summary>The newest durable position of a disk's current branch; (0, 0) when it has never been written.</summary>
    Task<StreamPosition> GetHeadAsync(Guid diskId, CancellationToken cancellationToken);

    /// <summary>The machine that wrote the newest epoch of a disk, or null for a disk the vault does not hold.</summary>
    Task<Guid?> FindMachineAsync(Guid diskId, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a disk as it was at a position, for random reads at once. Throws
    /// <see cref="AsrErrorCode.RecoveryPointUnavailable"/> when the position is not part of the tree of epochs (e.g. written by a fenced writer),
    /// <see cref="AsrErrorCode.SegmentMissing"/> or <see cref="AsrErrorCode.SegmentCorrupt"/> when data is damaged; never wrong data.
    /// </summary>
    Task<IBlockDevice> OpenAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken);

    /// <summary>
    /// Reclaims what no kept position needs: from then on only those can be opened. Runs beside writers and readers and never changes what they
    /// see; what someone has open is kept, too. It may be cancelled at any time. Damaged objects are told and left as they are.
    /// </summary>
    Task<CompactionResult> CompactAsync(Guid diskId, KeptHistory kept, CompactionOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Reads and verifies every object, past all caches, and tells after each how far it is and what is wrong with it, with the recovery points that cannot be read
    /// whole because of it. Runs beside writers, readers and compaction; holds the names of one disk's objects and one content
    /// in memory, and 32 MiB while it looks for the points that damage concerns. It may end anywhere: the next of
    /// the same name goes on from there. <see cref="AsrErrorCode.Conflict"/> once another one does so.
    /// </summary>
    IAsyncEnumerable<ScrubProgress> ScrubAsync(ScrubOptions options, CancellationToken cancellationToken);

    /// <summary>
    /// Removes a disk's data and keys. Idempotent. What stays is a short document that keeps its epoch numbers from coming again.
    /// <see cref="AsrErrorCode.RecoveryPointImmutable"/> while an immutable recovery point stands on them: nothing is removed then.
    /// </summary>
    Task DeleteDiskAsync(Guid diskId, CancellationToken cancellationToken);
}

/// <summary>Encrypts small secrets under the vault's master key, bound to a purpose so that one cannot stand in for another.</summary>
public interface ISecretBox
{
    /// <summary>Encrypts and authenticates.</summary>
    byte[] Seal(string purpose, ReadOnlySpan<byte> secret);

    /// <summary>Opens what <see cref="Seal"/> made for the same purpose; else <see cref="AsrErrorCode.VaultDocumentCorrupt"/>.</summary>
    byte[] Open(string purpose, ReadOnlySpan<byte> box);
}

/// <summary>The one writer of a disk's stream for one epoch. One batch is taken in at a time; dispose ends the right to write from this object.</summary>
public interface IReplicaWriter : IAsyncDisposable
{
    /// <summary>The session as told to the sender.</summary>
    ReplicationSession Session { get; }

    /// <summary>Last change that has its place in the stream here: what follows it may be appended.</summary>
    long AcceptedSequence { get; }

    /// <summary>Last change durable in the vault or in the spool of this machine.</summary>
    long ReceivedSequence { get; }

    /// <summary>Last change durable in the vault while this writer's epoch was the disk's newest.</summary>
    long VaultSequence { get; }

    /// <summary>
    /// Ends when <see cref="VaultSequence"/> has reached <paramref name="sequence"/>; throws <see cref="AsrErrorCode.WriterFenced"/> or
    /// <see cref="AsrErrorCode.SessionLost"/> (disposed) when it never will. Safe beside an append.
    /// </summary>
    Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken);

    /// <summary>
    /// Takes one batch in, which must follow <see cref="AcceptedSequence"/> without a gap (<see cref="AsrErrorCode.SequenceGap"/>); what of it lies at or below that
    /// is a repetition and is not taken again. Another disk's or epoch's: <see cref="AsrErrorCode.BatchMalformed"/>. Fenced: <see cref="AsrErrorCode.WriterFenced"/>.
    /// </summary>
    /// <returns>
    /// Ends when the batch has its place: the caller's memory is free, and the next batch may come. The inner task ends when it is durable, in
    /// the vault or in the spool, with everything before it. After a storage fault the same changes are to be sent again.
    /// </returns>
    Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken);

    /// <summary>Takes one batch in and waits until it is durable.</summary>
    async Task AppendAsync(VerifiedBatch batch, CancellationToken cancellationToken)
    {
        Task durable = await AcceptAsync(batch, cancellationToken).ConfigureAwait(false);
        await durable.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The disk's current content on this branch, up to <see cref="ReceivedSequence"/>, for hashes. Stays valid while changes are appended. Reading what is damaged
    /// or missing throws <see cref="StoredObjectException"/>.
    /// </summary>
    IBlockDevice Current { get; }

    /// <summary>
    /// Why a part of what the disk held when the session was opened cannot be told, naming the first object that is damaged or missing; null when all of it can.
    /// The parts that are sent anew are whole from then on.
    /// </summary>
    StoredObjectException? Damage { get; }

    /// <summary>Forgets what was read before, so that <see cref="Current"/> shows what the store holds now: before a comparison that is to find damage.</summary>
    void ForgetRead();
}
