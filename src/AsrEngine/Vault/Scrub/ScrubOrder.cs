using System;

namespace Asr.Engine.Vault.Scrub;

/// <summary>The one order of disks and of their objects: total, and the same every time.</summary>
internal static class ScrubOrder
{
    /// <summary>Compares disks.</summary>
    public static int Compare(Guid a, Guid b) => string.CompareOrdinal(a.ToString("D"), b.ToString("D"));

    /// <summary>Compares objects by disk, kind, epoch, stretch and generation.</summary>
    public static int Compare(in SegmentName a, in SegmentName b)
    {
        int order = Compare(a.DiskId, b.DiskId);
        return order != 0 ? order
            : (a.Kind, a.Epoch, a.FirstSequence, a.LastSequence, a.Generation).CompareTo((b.Kind, b.Epoch, b.FirstSequence, b.LastSequence, b.Generation));
    }
}
