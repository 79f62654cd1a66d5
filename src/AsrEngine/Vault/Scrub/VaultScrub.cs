using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Pacing;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Scrub;

/// <summary>
/// One scrub of a vault: first the documents, then disk after disk, in an order that is the same every time, so that it can be gone on with anywhere. What comes into being behind
/// its place is left to the next one.
/// </summary>
internal sealed class VaultScrub(
    ICatalog catalog, ISegmentStore store, ISecretBox secrets, Func<Guid, StreamPosition, CancellationToken, Task<IBlockDevice>> open, ReplicaCaches caches, TimeProvider time,
    ScrubOptions options)
{
    private readonly ScrubReader _reader = new(catalog, time);
    private readonly BandwidthBudget _budget = new(options.BytesPerSecondMax, time);
    private readonly DiskDocuments _disks = new(catalog);
    private readonly DocumentFindings _documentFindings = new(catalog, open, time);
    private ScrubState _state = null!;
    private long _objectsTotal;

    public async IAsyncEnumerable<ScrubProgress> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CatalogNames.Check(ScrubDocuments.Collection, options.Name);
        _state = await ScrubState.OpenAsync(new ScrubDocuments(catalog), options, time, cancellationToken).ConfigureAwait(false);
        ScrubScope scope = await ScrubScope.FindAsync(catalog, _disks, options.MachineId, cancellationToken).ConfigureAwait(false);
        DocumentScrub documents = new(catalog, _disks, _reader, scope, _documentFindings);
        _objectsTotal = _state.Check.ObjectsChecked + await CountAsync(documents, scope, cancellationToken).ConfigureAwait(false);
        try
        {
            if (_state.Place?.Object is null)
            {
                await foreach (DocumentName name in documents.ListAsync(_state.Place, cancellationToken).ConfigureAwait(false))
                {
                    (long bytes, AsrVaultFinding? finding) = await documents.VerifyAsync(name, _state.Has, cancellationToken).ConfigureAwait(false);
                    await _budget.SpendAsync(bytes, cancellationToken).ConfigureAwait(false);
                    ScrubPlace place = new() { Collection = name.Collection, DocumentId = name.Id };
                    yield return await NoteAsync(place, $"{name.Collection}/{name.Id}", 1, bytes, finding, cancellationToken).ConfigureAwait(false);
                }
            }

            foreach (Guid diskId in scope.Disks.Where(diskId => _state.Place?.Object is not { } last || ScrubOrder.Compare(diskId, last.DiskId) >= 0))
            {
                await foreach (ScrubProgress progress in ScrubDiskAsync(diskId, cancellationToken).ConfigureAwait(false))
                {
                    yield return progress;
                }
            }

            await _state.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            // Whoever stops it wants to go on from here.
            if (_state.Check.EndTime is null)
            {
                await _state.SaveAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }

        yield return Progress("", null);
    }

    private async IAsyncEnumerable<ScrubProgress> ScrubDiskAsync(Guid diskId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        DiskDocument? document = null;
        if (await _reader.TryAsync(async () => document = (await _disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false))?.Document, cancellationToken).ConfigureAwait(false) is not null
            || document is null
            || document.Deleted)
        {
            // Told with the documents; without its keys nothing of the disk can be read. Or it has been deleted, which is no damage.
            yield break;
        }

        using DiskScrub disk = new(catalog, store, secrets, document, _disks, _documentFindings, _reader, _budget, time);
        SegmentName? after = _state.Place?.Object is { } last && last.DiskId == diskId ? last : null;
        await foreach (ScrubbedObject scrubbed in disk.RunAsync(after, cancellationToken).ConfigureAwait(false))
        {
            if (scrubbed.Damaged is { } damaged)
            {
                caches.Forget(damaged);
            }

            // What is no object but a gap between objects leaves the place where it is.
            ScrubPlace? place = scrubbed.Last is { } name ? new ScrubPlace { Object = name } : _state.Place;
            string described = scrubbed.Finding?.Object ?? SegmentErrors.Describe(scrubbed.Last!.Value);
            yield return await NoteAsync(place, described, scrubbed.Objects, scrubbed.Bytes, scrubbed.Finding, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How many objects there are behind the place.</summary>
    private async Task<long> CountAsync(DocumentScrub documents, ScrubScope scope, CancellationToken cancellationToken)
    {
        long count = _state.Place?.Object is null ? await documents.ListAsync(_state.Place, cancellationToken).LongCountAsync(cancellationToken).ConfigureAwait(false) : 0;
        foreach (Guid diskId in scope.Disks)
        {
            count += await store.ListAsync(diskId, cancellationToken)
                .LongCountAsync(name => _state.Place?.Object is not { } last || ScrubOrder.Compare(name, last) > 0, cancellationToken).ConfigureAwait(false);
        }

        return count;
    }

    private async Task<ScrubProgress> NoteAsync(ScrubPlace? place, string name, int objects, long bytes, AsrVaultFinding? finding, CancellationToken cancellationToken)
    {
        bool isListed = _state.Add(place, objects, bytes, finding);
        await _state.SaveIfDueAsync(cancellationToken).ConfigureAwait(false);
        return Progress(name, isListed ? finding : null);
    }

    private ScrubProgress Progress(string name, AsrVaultFinding? finding) => new() { Check = _state.Check, Object = name, ObjectsTotal = _objectsTotal, Finding = finding };
}
