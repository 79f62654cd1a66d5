using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Asr.Engine.Vault;

/// <summary>
/// Where a stored object is, as a file or as a blob: <c>DISK/EPOCH/FIRST-LAST.seg</c>, <c>FIRST-LAST-PART.idx</c> or <c>FIRST-LAST-GENERATION.pak</c>, numbers
/// in hexadecimal of fixed width so that they sort.
/// </summary>
internal static class SegmentPath
{
    private const string ChangesSuffix = ".seg";
    private const string IndexSuffix = ".idx";
    private const string PackSuffix = ".pak";
    private const int NumbersLength = 16 + 1 + 16;
    private const int GenerationLength = 1 + 8;

    public static string Directory(string root, Guid diskId, int epoch) =>
        Path.Join(root, diskId.ToString("D"), EpochName(epoch));

    public static string EpochName(int epoch) => epoch.ToString("x8", CultureInfo.InvariantCulture);

    public static string FileName(in SegmentName name) => name.Kind switch
    {
        SegmentKind.Changes => string.Create(CultureInfo.InvariantCulture, $"{name.FirstSequence:x16}-{name.LastSequence:x16}{ChangesSuffix}"),
        SegmentKind.Pack => string.Create(CultureInfo.InvariantCulture, $"{name.FirstSequence:x16}-{name.LastSequence:x16}-{name.Generation:x8}{PackSuffix}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{name.FirstSequence:x16}-{name.LastSequence:x16}-{name.Generation:x8}{IndexSuffix}"),
    };

    /// <summary>The order of <see cref="ISegmentStore.ListAsync"/>.</summary>
    public static IEnumerable<SegmentName> Order(IEnumerable<SegmentName> names) =>
        names.OrderBy(static name => name.Kind).ThenBy(static name => name.Epoch).ThenBy(static name => name.FirstSequence).ThenBy(static name => name.LastSequence).ThenBy(static name => name.Generation);

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
            IndexSuffix => SegmentKind.Index,
            PackSuffix => SegmentKind.Pack,
            _ => null,
        };
        int numbers = kind == SegmentKind.Changes ? NumbersLength : NumbersLength + GenerationLength;
        int generation = 0;
        if (kind is null
            || fileName.Length != numbers + ChangesSuffix.Length
            || !long.TryParse(fileName.AsSpan(0, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long first)
            || !long.TryParse(fileName.AsSpan(17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long last)
            || (kind != SegmentKind.Changes
                && !int.TryParse(fileName.AsSpan(34, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out generation))
            || first < 0
            || last < first
            || generation < 0)
        {
            return false;
        }

        SegmentName parsed = new(diskId, kind.Value, epoch, first, last, generation);
        if (FileName(parsed) != fileName)
        {
            return false;
        }

        name = parsed;
        return true;
    }
}
