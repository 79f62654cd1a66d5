using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>The errors about one stored object, in one place so that all name it alike.</summary>
public static class SegmentErrors
{
    /// <summary>The object in words that lead to its file.</summary>
    public static string Describe(in SegmentName name) =>
        $"{(name.Kind == SegmentKind.Changes ? "segment" : "checkpoint")} {name.DiskId:D}/{name.Epoch:x8}/{name.FirstSequence:x16}-{name.LastSequence:x16}";

    /// <summary>The object is damaged at <paramref name="offset"/> (a byte of the stored object).</summary>
    public static AsrException Corrupt(in SegmentName name, long offset, string what) => new(
        AsrErrorCode.SegmentCorrupt,
        $"The {Describe(name)} is damaged at byte {offset}: it {what}.",
        "Recovery points that do not need this segment are not affected; resynchronise the disk to make new ones whole.",
        Describe(name));

    /// <summary>The object is not there.</summary>
    public static AsrException Missing(in SegmentName name) => new(
        AsrErrorCode.SegmentMissing,
        $"The {Describe(name)} is not in the vault.",
        "Restore it from a copy of the vault, or choose a recovery point that does not need it; resynchronise the disk to make new ones whole.",
        Describe(name));
}
