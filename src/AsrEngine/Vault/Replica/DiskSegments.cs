using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Replica;

/// <summary>What the store holds of one disk, as of one listing.</summary>
internal sealed class DiskSegments
{
    private readonly ILookup<int, SegmentName> _changes;
    private readonly HashSet<SegmentName> _names;

    private DiskSegments(List<SegmentName> names)
    {
        _names = [.. names];
        _changes = names.Where(static name => name.Kind == SegmentKind.Changes).ToLookup(static name => name.Epoch);
        Checkpoints = [.. names.Where(static name => name.Kind == SegmentKind.Checkpoint)];
    }

    /// <summary>Every index checkpoint.</summary>
    public IReadOnlyList<SegmentName> Checkpoints { get; }

    /// <summary>Whether the object is there.</summary>
    public bool Contains(SegmentName name) => _names.Contains(name);

    public static async Task<DiskSegments> ListAsync(ISegmentStore store, Guid diskId, CancellationToken cancellationToken)
    {
        List<SegmentName> names = [];
        await foreach (SegmentName name in store.ListAsync(diskId, cancellationToken).ConfigureAwait(false))
        {
            names.Add(name);
        }

        return new DiskSegments(names);
    }

    /// <summary>Last change of an epoch that is stored without a gap from <paramref name="after"/> on.</summary>
    public long FindEnd(int epoch, long after)
    {
        long end = after;
        foreach (SegmentName name in _changes[epoch])
        {
            if (name.FirstSequence > end + 1)
            {
                break;
            }

            end = long.Max(end, name.LastSequence);
        }

        return end;
    }

    /// <summary>The segments that hold a part, in order; throws <see cref="Asr.Contracts.AsrErrorCode.SegmentMissing"/> naming the gap.</summary>
    public List<SegmentName> Cover(Guid diskId, in BranchPart part)
    {
        List<SegmentName> cover = [];
        long covered = part.After;
        foreach (SegmentName name in _changes[part.Epoch])
        {
            if (covered >= part.UpTo || name.FirstSequence > covered + 1)
            {
                break;
            }

            if (name.LastSequence > covered)
            {
                cover.Add(name);
                covered = name.LastSequence;
            }
        }

        return covered >= part.UpTo
            ? cover
            : throw SegmentErrors.Missing(new SegmentName(diskId, SegmentKind.Changes, part.Epoch, covered + 1, part.UpTo));
    }
}
