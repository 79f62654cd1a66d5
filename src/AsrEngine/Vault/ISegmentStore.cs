using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault;

/// <summary>
/// Immutable sealed objects of the disks: segments, packs and index runs. Created whole, never overwritten, durable when
/// <see cref="PutAsync"/> returns. The implementations see only ciphertext. Safe for concurrent callers.
/// </summary>
public interface ISegmentStore
{
    /// <summary>
    /// Creates an object. If one of that name exists with the same bytes the call succeeds (a repeated request);
    /// with other bytes it throws <see cref="Asr.Contracts.AsrErrorCode.WriterFenced"/>.
    /// Storage faults are <see cref="Asr.Contracts.AsrErrorCode.VaultFull"/> or <see cref="Asr.Contracts.AsrErrorCode.VaultUnavailable"/>, and leave nothing behind.
    /// </summary>
    Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>
    /// Ends once an object whose put has returned is in the store itself and not only in a spool on its way there. Throws
    /// <see cref="Asr.Contracts.AsrErrorCode.WriterFenced"/> when it can never get there.
    /// </summary>
    Task WhenStoredAsync(SegmentName name) => Task.CompletedTask;

    /// <summary>Brings everything that a spool holds of a disk into the store itself; throws what keeps it from there.</summary>
    Task DrainAsync(Guid diskId, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Length in bytes, or null when there is no such object.</summary>
    Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken);

    /// <summary>Fills the buffer from <paramref name="offset"/>; <see cref="Asr.Contracts.AsrErrorCode.SegmentMissing"/> or, when too short, <see cref="Asr.Contracts.AsrErrorCode.SegmentCorrupt"/>.</summary>
    ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Every object of a disk, ordered by kind, epoch and first sequence.</summary>
    IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, CancellationToken cancellationToken);

    /// <summary>Deletes an object; one that is gone already is no error.</summary>
    Task DeleteAsync(SegmentName name, CancellationToken cancellationToken);
}

/// <summary>What a stored object is.</summary>
public enum SegmentKind
{
    /// <summary>Sealed changes, as their writer stored them.</summary>
    Changes,

    /// <summary>
    /// A part of an index run: where the newest content lies after a stretch of the stream. Derived data that can be rebuilt from the changes.
    /// <see cref="SegmentName.Generation"/> is the part's number.
    /// </summary>
    Index,

    /// <summary>
    /// Changes of a stretch of the stream that compaction wrote anew, without those that no kept recovery point needs. It stands for every
    /// segment, and every pack of a lower <see cref="SegmentName.Generation"/>, inside its stretch.
    /// </summary>
    Pack,
}

/// <summary>Names a stored object; ordered as the stream is.</summary>
/// <param name="DiskId">The disk.</param>
/// <param name="Kind">Changes, index or pack.</param>
/// <param name="Epoch">The writer's epoch.</param>
/// <param name="FirstSequence">First change of the stretch that the object is about.</param>
/// <param name="LastSequence">Last change of it.</param>
/// <param name="Generation">0 for changes; the part's number for an index; the revision of the history it was made by, 1 and up, for a pack.</param>
public readonly record struct SegmentName(Guid DiskId, SegmentKind Kind, int Epoch, long FirstSequence, long LastSequence, int Generation = 0);
