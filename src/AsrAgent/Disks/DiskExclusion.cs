using System;
using System.Collections.Generic;
using System.IO.Enumeration;
using System.Linq;
using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>
/// Which disks of the machine are left alone: paths below /dev, among them the links of /dev/disk, with the wildcards '*' and '?'. A disk is excluded when one of its paths matches.
/// </summary>
internal sealed class DiskExclusion(IReadOnlyList<string> patterns)
{
    private const string Root = "/dev/";

    /// <summary>The pattern that excludes the disk, or null.</summary>
    public string? Match(FoundDisk disk) => patterns.FirstOrDefault(pattern => disk.Paths.Any(path => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false)));

    /// <summary>The patterns that match none of the disks: probably misspelled, and worth a warning.</summary>
    public IEnumerable<string> Unmatched(IReadOnlyCollection<FoundDisk> disks) =>
        patterns.Where(pattern => !disks.Any(disk => new DiskExclusion([pattern]).Match(disk) is not null));

    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> unless the text can be an exclusion.</summary>
    public static void Check(string pattern)
    {
        if (!pattern.StartsWith(Root, StringComparison.Ordinal) || pattern.Length == Root.Length)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"'{pattern}' is no path of a disk.",
                "Write a path below /dev, for example /dev/sdb, /dev/disk/by-id/usb-* or /dev/sd?.",
                pattern);
        }
    }
}
