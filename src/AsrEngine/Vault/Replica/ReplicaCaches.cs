using System;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;

namespace Asr.Engine.Vault.Replica;

/// <summary>What reading disks keeps in memory, in one budget for all disks and readers of a vault, whatever their size. Safe for concurrent callers.</summary>
internal sealed class ReplicaCaches(long bytesMax)
{
    /// <summary>Pages of index runs.</summary>
    public IndexPageCache Pages { get; } = new(bytesMax / 4);

    /// <summary>Tables of segments and packs.</summary>
    public BoundedCache<SegmentName, SegmentTable> Tables { get; } = new(bytesMax / 4);

    /// <summary>Expanded contents, by object and entry.</summary>
    public BoundedCache<(SegmentName Object, int Entry), byte[]> Contents { get; } = new(bytesMax / 2);

    /// <summary>
    /// Forgets what belongs to the stretch of an object that is found to be damaged or missing. Else it would read well until it is pushed out: a resynchronisation would find
    /// nothing to repair, and a restart the damage.
    /// </summary>
    public void Forget(SegmentName damaged)
    {
        Pages.RemoveAll(page => Overlaps(page.Part, damaged));
        Tables.RemoveAll(name => Overlaps(name, damaged));
        Contents.RemoveAll(content => Overlaps(content.Object, damaged));
    }

    /// <summary>Forgets what was read of a disk's segments and packs.</summary>
    public void Forget(Guid diskId)
    {
        Tables.RemoveAll(name => name.DiskId == diskId);
        Contents.RemoveAll(content => content.Object.DiskId == diskId);
    }

    private static bool Overlaps(in SegmentName name, in SegmentName damaged) =>
        name.DiskId == damaged.DiskId && name.Epoch == damaged.Epoch && name.FirstSequence <= damaged.LastSequence && name.LastSequence >= damaged.FirstSequence;
}
