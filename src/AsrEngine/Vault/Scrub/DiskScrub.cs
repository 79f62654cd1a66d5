using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Pacing;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Scrub;

/// <summary>An object of a disk that has been verified, or a gap where one should be.</summary>
/// <param name="Last">The object, of an index run its last part; null for a gap.</param>
/// <param name="Objects">How many objects it was.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Finding">What is wrong, or null.</param>
/// <param name="Damaged">What is damaged or missing, or null.</param>
internal sealed record ScrubbedObject(SegmentName? Last, int Objects, long Bytes, AsrVaultFinding? Finding, SegmentName? Damaged = null);

/// <summary>Scrubs the keys and objects of one disk, with keys unwrapped anew.</summary>
internal sealed class DiskScrub : IDisposable
{
    private readonly ISegmentStore _store;
    private readonly DiskDocument _document;
    private readonly DiskDocuments _disks;
    private readonly DiskHistories _histories;
    private readonly DocumentFindings _findings;
    private readonly ScrubPoints _points;
    private readonly ScrubReader _reader;
    private readonly TimeProvider _time;
    private readonly KeyRing _ring;
    private readonly DiskKeys _keys;
    private readonly ObjectVerifier _verifier;

    public DiskScrub(
        ICatalog catalog, ISegmentStore store, ISecretBox secrets, DiskDocument document, DiskDocuments disks, DocumentFindings findings, ScrubReader reader,
        BandwidthBudget budget, TimeProvider time)
    {
        _findings = findings;
        _histories = new DiskHistories(catalog);
        _store = store;
        _document = document;
        _disks = disks;
        _points = new ScrubPoints(catalog);
        _reader = reader;
        _time = time;
        _ring = new KeyRing(secrets);
        _keys = new DiskKeys(_ring, document);
        _verifier = new ObjectVerifier(store, _keys, document.SizeBytes, reader, budget);
    }

    /// <summary>Verifies what lies behind <paramref name="after"/>; what should be there and is not is looked for every time.</summary>
    public async IAsyncEnumerable<ScrubbedObject> RunAsync(SegmentName? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The points first: what they stand on is in a listing that comes after.
        IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)> points = await PointsAsync(cancellationToken).ConfigureAwait(false);
        SegmentMap map = await SegmentMap.ListAsync(_store, _document.DiskId, cancellationToken).ConfigureAwait(false);
        if (await FindForgottenAsync(points, cancellationToken).ConfigureAwait(false) is { } forgotten)
        {
            yield return new ScrubbedObject(null, 0, 0, forgotten);
        }

        if (await FindOldHistoryAsync(map, cancellationToken).ConfigureAwait(false) is { } old)
        {
            yield return new ScrubbedObject(null, 0, 0, old);
        }

        foreach (ObjectDamage gap in FindGaps(map, points))
        {
            if (await ConfirmAsync(gap, cancellationToken).ConfigureAwait(false))
            {
                yield return new ScrubbedObject(null, 0, 0, await DescribeAsync(gap, cancellationToken).ConfigureAwait(false), gap.Object);
            }
        }

        foreach (IReadOnlyList<SegmentName> parts in InOrder(map).Where(parts => after is not { } last || ScrubOrder.Compare(parts[0], last) > 0))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long before = _verifier.BytesRead;
            bool isRun = parts[0].Kind == SegmentKind.Index;
            if (!_keys.Has(parts[0].Epoch))
            {
                // Of a writer that came since, which the next scrub knows, or of one that is in no one's past and has no key.
                yield return new ScrubbedObject(parts[^1], parts.Count, 0, null);
                continue;
            }

            ObjectDamage? damage = await (isRun ? _verifier.VerifyRunAsync(parts, cancellationToken) : _verifier.VerifyAsync(parts[0], cancellationToken)).ConfigureAwait(false);
            AsrVaultFinding? finding = damage is not null && await ConfirmAsync(damage, cancellationToken).ConfigureAwait(false)
                ? await DescribeAsync(damage, cancellationToken).ConfigureAwait(false)
                : null;
            yield return new ScrubbedObject(parts[^1], parts.Count, _verifier.BytesRead - before, finding, damage?.Object);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _ring.Dispose();

    /// <summary>Segments and packs one by one, index runs with all their parts, in the order of their first.</summary>
    private static IEnumerable<IReadOnlyList<SegmentName>> InOrder(SegmentMap map)
    {
        List<IReadOnlyList<SegmentName>> units = [.. map.Objects.Select(static name => (IReadOnlyList<SegmentName>)[name]), .. map.Runs];
        units.Sort(static (a, b) => ScrubOrder.Compare(a[0], b[0]));
        return units;
    }

    /// <summary>
    /// What is missing between the objects: an epoch that has ended is whole up to its end, the newest one up to the last recovery point in it. What lies behind a gap of
    /// the newest epoch without a point was vouched for to no one.
    /// </summary>
    private IEnumerable<ObjectDamage> FindGaps(SegmentMap map, IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)> points)
    {
        foreach (DiskEpoch epoch in _document.Epochs.Where(static epoch => epoch.Parent is not null))
        {
            long covered = epoch.Parent!.Value.Sequence;
            long end = epoch.EndSequence
                ?? points.Where(known => known.Position.Epoch == epoch.Number).Select(static known => known.Position.Sequence).DefaultIfEmpty(covered).Max();
            foreach (StoredStretch stretch in map.StretchesOf(epoch.Number))
            {
                if (stretch.First > covered + 1 && covered < end)
                {
                    yield return Gap(epoch.Number, covered + 1, long.Min(end, stretch.First - 1));
                }

                covered = long.Max(covered, stretch.Last);
            }

            if (covered < end)
            {
                yield return Gap(epoch.Number, covered + 1, end);
            }
        }
    }

    /// <summary>
    /// Points at positions that the disk's document does not know: an older version of it has been put back, or their changes went missing and the stream has been taken up before the
    /// gap since. What is written from then on is whole.
    /// </summary>
    private async Task<AsrVaultFinding?> FindForgottenAsync(IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)> points, CancellationToken cancellationToken)
    {
        // The present document: a writer may have come since this one was read, and published a point.
        if (await _disks.ReadAsync(_document.DiskId, cancellationToken).ConfigureAwait(false) is not { Document: { Deleted: false } document }
            || points.All(known => EpochTree.FindBranch(document, known.Position, long.MaxValue) is not null))
        {
            return null;
        }

        DocumentName name = new(DiskDocuments.Collection, _document.DiskId.ToString("D"));
        AsrVaultFinding finding = await _findings.DescribeAsync(
            name,
            VaultProblem.Damaged,
            $"Document {name.Collection}/{name.Id} does not know what recovery points of the disk stand on: it is older than they are, or their changes went missing and the stream goes on before them.",
            "If an older version of this document was put in its place, put the newest back from a copy of the vault; else choose other recovery points.",
            cancellationToken).ConfigureAwait(false);
        return finding with { AffectsHead = false };
    }

    /// <summary>A history that is missing or older than the packs. It is read after the packs were listed, which are newer than what they were made by.</summary>
    private async Task<AsrVaultFinding?> FindOldHistoryAsync(SegmentMap map, CancellationToken cancellationToken)
    {
        DiskHistory? history = null;
        if (await _reader.TryAsync(async () => history = await _histories.ReadAsync(_document.DiskId, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false) is not null)
        {
            // Told with the documents.
            return null;
        }

        try
        {
            DiskHistory.CheckAge(_document.DiskId, history, map.Objects);
            return null;
        }
        catch (AsrException old) when (old.Code == AsrErrorCode.VaultDocumentCorrupt)
        {
            return await _findings.DescribeAsync(
                new DocumentName(DiskHistories.Collection, _document.DiskId.ToString("D")),
                history is null ? VaultProblem.Missing : VaultProblem.Damaged,
                old.Message,
                old.Action,
                cancellationToken).ConfigureAwait(false);
        }
    }

    private ObjectDamage Gap(int epoch, long first, long last)
    {
        StoredObjectException missing = SegmentErrors.Missing(new SegmentName(_document.DiskId, SegmentKind.Changes, epoch, first, last));
        return new ObjectDamage(missing.Object, VaultProblem.Missing, missing.Message, missing.Action, []);
    }

    /// <summary>
    /// Whether it is so with a fresh listing too: an object is no damage that compaction has replaced, or that went with its disk. Damaged bytes stay damaged only as long as their
    /// object is there.
    /// </summary>
    private async Task<bool> ConfirmAsync(ObjectDamage damage, CancellationToken cancellationToken)
    {
        if (await _disks.ReadAsync(_document.DiskId, cancellationToken).ConfigureAwait(false) is not { Document.Deleted: false })
        {
            return false;
        }

        SegmentMap map = await SegmentMap.ListAsync(_store, _document.DiskId, cancellationToken).ConfigureAwait(false);
        if (damage.Problem != VaultProblem.Missing)
        {
            return map.Objects.Contains(damage.Object) || map.Runs.Any(parts => parts.Contains(damage.Object));
        }

        // A whole object that went while it was read is one that a pack stands for, or a gap, which the next scrub tells with its points.
        return damage.Object.Kind == SegmentKind.Index
            ? map.Runs.Any(parts => parts[0] with { Generation = 0 } == damage.Object with { Generation = 0 } && !parts.Contains(damage.Object))
            : map.StretchesOf(damage.Object.Epoch).All(stretch => stretch.Last < damage.Object.FirstSequence || stretch.First > damage.Object.LastSequence);
    }

    private Task<IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)>> PointsAsync(CancellationToken cancellationToken) =>
        _points.OfDiskAsync(_document.DiskId, _document.Epochs.Select(static epoch => epoch.MachineId), cancellationToken);

    private async Task<AsrVaultFinding> DescribeAsync(ObjectDamage damage, CancellationToken cancellationToken)
    {
        List<AsrAffectedPoint> affected = [];
        bool affectsHead = false;
        if (damage.Object.Kind != SegmentKind.Index)
        {
            AffectedPositions positions = new(_store, _keys, _document, damage);
            Dictionary<StreamPosition, bool> known = [];
            IReadOnlyList<(AsrRecoveryPoint Point, StreamPosition Position)> points = await PointsAsync(cancellationToken).ConfigureAwait(false);
            foreach ((AsrRecoveryPoint point, StreamPosition position) in points)
            {
                if (!known.TryGetValue(position, out bool isAffected))
                {
                    known[position] = isAffected = await positions.HasAsync(position, cancellationToken).ConfigureAwait(false);
                }

                if (isAffected)
                {
                    affected.Add(ScrubPoints.Name(point));
                }
            }

            affectsHead = await positions.HasHeadAsync(points.Select(static known => known.Position), cancellationToken).ConfigureAwait(false);
        }

        return new AsrVaultFinding
        {
            Object = SegmentErrors.Describe(damage.Object),
            Kind = damage.Object.Kind switch
            {
                SegmentKind.Changes => VaultObjectKind.Segment,
                SegmentKind.Pack => VaultObjectKind.Pack,
                _ => VaultObjectKind.IndexRun,
            },
            Problem = damage.Problem,
            Message = damage.Message,
            Action = damage.Action,
            FoundAt = _time.GetUtcNow(),
            DiskId = _document.DiskId,
            MachineId = EpochTree.NewestSettled(_document)?.MachineId,
            FirstSequence = damage.Object.FirstSequence,
            LastSequence = damage.Object.LastSequence,
            Ranges = [.. damage.Contents.Take(ScrubState.RangesMax).Select(static change => new AsrDamagedRange { Sequence = change.Sequence, Offset = change.Offset, Length = change.Length })],
            RangeCount = damage.Contents.Count,
            AffectedPoints = [.. affected.Take(ScrubState.PointsMax)],
            AffectedPointCount = affected.Count,
            AffectsHead = affectsHead,
        };
    }
}
