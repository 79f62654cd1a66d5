using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Compaction;

/// <summary>Which positions of a disk compaction has promised to keep (collection <c>history</c>); written before anything is dropped.</summary>
internal sealed record DiskHistory
{
    /// <summary>The disk.</summary>
    public Guid DiskId { get; init; }

    /// <summary>
    /// How often the document has been narrowed, from 1. Packs carry it as their generation, so that a document older than the packs, put back from a copy, is
    /// not believed: it would call positions whole that have been dropped.
    /// </summary>
    public int Revision { get; init; }

    /// <summary>From here on every position of the branch is whole.</summary>
    public StreamPosition Floor { get; init; }

    /// <summary>The newest epoch of that moment. Later ones began at a position that was whole, and what they wrote since has not been compacted.</summary>
    public int AsOfEpoch { get; init; }

    /// <summary>Positions before the floor, or on other branches, that are whole.</summary>
    public IReadOnlyList<StreamPosition> Kept { get; init; } = [];

    /// <summary>Throws <see cref="AsrErrorCode.VaultDocumentCorrupt"/> when <paramref name="history"/> (null for none) is older than a pack among the objects of its disk.</summary>
    public static void CheckAge(Guid diskId, DiskHistory? history, IReadOnlyList<SegmentName> objects)
    {
        foreach (SegmentName name in objects)
        {
            if (name.Kind == SegmentKind.Pack && name.Generation > (history?.Revision ?? 0))
            {
                throw new AsrException(
                    AsrErrorCode.VaultDocumentCorrupt,
                    $"Document {DiskHistories.Collection}/{diskId:D} {(history is null ? "is missing" : $"is an old one, of revision {history.Revision}")}, and {SegmentErrors.Describe(name)} was made after it: which positions are whole cannot be told.",
                    "Restore this document as it was last, or resynchronise the disk; its newest state can be opened.",
                    $"{DiskHistories.Collection}/{diskId:D}");
            }
        }
    }

    /// <summary>Whether the end of a branch is whole.</summary>
    public bool Has(Branch branch) =>
        branch.End == 0
        || branch.Position.Epoch > AsOfEpoch
        || (branch.End >= Floor.Sequence && (Floor.Sequence == 0 || branch.Has(Floor.Epoch, Floor.Sequence)))
        || Kept.Contains(branch.Position);
}

/// <summary>Reads and writes <see cref="DiskHistory"/> documents. Safe for concurrent callers.</summary>
internal sealed class DiskHistories(ICatalog catalog)
{
    public const string Collection = "history";

    /// <summary>The document, or null for a disk that was never compacted.</summary>
    public async Task<DiskHistory?> ReadAsync(Guid diskId, CancellationToken cancellationToken)
    {
        CatalogDocument? stored = await catalog.ReadAsync(Collection, diskId.ToString("D"), cancellationToken).ConfigureAwait(false);
        return stored is null ? null : CatalogJson.Read<DiskHistory>(Collection, stored);
    }

    /// <summary>
    /// Replaces the document by one that keeps no more than the present one does, as <paramref name="narrow"/> tells. Whoever compacts at the same time narrows too, so
    /// what is kept only ever shrinks, and whatever any of them drops is no one's.
    /// </summary>
    public async Task<DiskHistory> NarrowAsync(Guid diskId, Func<DiskHistory?, DiskHistory> narrow, CancellationToken cancellationToken)
    {
        while (true)
        {
            CatalogDocument? stored = await catalog.ReadAsync(Collection, diskId.ToString("D"), cancellationToken).ConfigureAwait(false);
            DiskHistory history = narrow(stored is null ? null : CatalogJson.Read<DiskHistory>(Collection, stored));
            try
            {
                byte[] content = JsonSerializer.SerializeToUtf8Bytes(history, AsrJson.Indented);
                await catalog.WriteAsync(Collection, diskId.ToString("D"), content, stored?.ETag, cancellationToken).ConfigureAwait(false);
                return history;
            }
            catch (AsrException lost) when (lost.Code is AsrErrorCode.Conflict or AsrErrorCode.AlreadyExists)
            {
                // Someone else was faster.
            }
        }
    }

    /// <summary>Forgets a deleted disk.</summary>
    public async Task DeleteAsync(Guid diskId, CancellationToken cancellationToken)
    {
        CatalogDocument? stored = await catalog.ReadAsync(Collection, diskId.ToString("D"), cancellationToken).ConfigureAwait(false);
        if (stored is not null)
        {
            await catalog.DeleteAsync(Collection, diskId.ToString("D"), stored.ETag, cancellationToken).ConfigureAwait(false);
        }
    }
}
