using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>The errors about one stored object, in one place so that all name it alike.</summary>
public static class SegmentErrors
{
    /// <summary>The object in words that lead to its file.</summary>
    public static string Describe(in SegmentName name) =>
        $"{KindOf(name)} {name.DiskId:D}/{name.Epoch:x8}/{name.FirstSequence:x16}-{name.LastSequence:x16}{(name.Kind == SegmentKind.Changes ? "" : $"-{name.Generation:x8}")}";

    /// <summary>The object is damaged at <paramref name="offset"/> (a byte of the stored object).</summary>
    public static StoredObjectException Corrupt(in SegmentName name, long offset, string what) => new(
        AsrErrorCode.SegmentCorrupt,
        name,
        $"The {Describe(name)} is damaged at byte {offset}: it {what}.",
        "Recovery points that do not need this segment are not affected; resynchronise the disk to make new ones whole.");

    /// <summary>The object is not there.</summary>
    public static StoredObjectException Missing(in SegmentName name) => new(
        AsrErrorCode.SegmentMissing,
        name,
        $"The {Describe(name)} is not in the vault.",
        "Restore it from a copy of the vault, or choose a recovery point that does not need it; resynchronise the disk to make new ones whole.");

    /// <summary>The name is taken by other bytes: another writer's.</summary>
    public static AsrException Taken(in SegmentName name) => new(
        AsrErrorCode.WriterFenced,
        $"The {Describe(name)} exists with other content.",
        "Another writer has taken the disk over; open a new session.",
        Describe(name));

    private static string KindOf(in SegmentName name) => name.Kind switch
    {
        SegmentKind.Changes => "segment",
        SegmentKind.Pack => "pack",
        _ => "index run",
    };
}
