using System;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;

namespace Asr.Engine.Vault.Local;

/// <summary>Where a stored object's file is: <c>DISK/EPOCH/FIRST-LAST.seg</c> (or <c>.idx</c>), numbers in hexadecimal of fixed width so that they sort.</summary>
internal static class SegmentPath
{
    private const string ChangesSuffix = ".seg";
    private const string CheckpointSuffix = ".idx";
    private const int FileNameLength = 16 + 1 + 16 + 4;

    public static string Directory(string root, Guid diskId, int epoch) =>
        Path.Join(root, diskId.ToString("D"), epoch.ToString("x8", CultureInfo.InvariantCulture));

    public static string FileName(in SegmentName name) => string.Create(
        CultureInfo.InvariantCulture,
        $"{name.FirstSequence:x16}-{name.LastSequence:x16}{(name.Kind == SegmentKind.Changes ? ChangesSuffix : CheckpointSuffix)}");

    /// <summary>False for a directory that is none of ours.</summary>
    public static bool TryParseEpoch(string directoryName, out int epoch)
    {
        epoch = 0;
        return directoryName.Length == 8
            && int.TryParse(directoryName, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out epoch)
            && epoch > 0;
    }

    /// <summary>False for a file that is none of ours: temporary files, and names that <see cref="FileName"/> does not make.</summary>
    public static bool TryParse(Guid diskId, int epoch, string fileName, [NotNullWhen(true)] out SegmentName? name)
    {
        name = null;
        SegmentKind? kind = Path.GetExtension(fileName) switch
        {
            ChangesSuffix => SegmentKind.Changes,
            CheckpointSuffix => SegmentKind.Checkpoint,
            _ => null,
        };
        if (kind is null
            || fileName.Length != FileNameLength
            || !long.TryParse(fileName.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long first)
            || !long.TryParse(fileName.AsSpan(17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long last)
            || first < 0
            || last < first)
        {
            return false;
        }

        SegmentName parsed = new(diskId, kind.Value, epoch, first, last);
        if (FileName(parsed) != fileName)
        {
            return false;
        }

        name = parsed;
        return true;
    }
}
