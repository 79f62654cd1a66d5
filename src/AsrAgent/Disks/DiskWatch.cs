using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Agent.Hosting;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Disks;

/// <summary>
/// Says which disks should be in service, each time it looks: those of the plan, and with them the machine's disks as they come, grow and go. It opens nothing. One caller at a time.
/// Looking is asking sysfs for a few numbers of each disk, so it is simply done every two seconds; events from the kernel can get lost, and would need the look all the same.
/// </summary>
internal sealed class DiskWatch(DiskPlan plan, DiskDiscovery discovery, DiskRegistry registry, ILogger logger)
{
    // Disks as seen at the last look; null before the first.
    private HashSet<(string KernelName, long Sequence)>? _seen;

    // Those of the plan that were seen to be disks of the machine.
    private readonly HashSet<string> _namedSeen = [];

    /// <summary>The disks that should be in service now.</summary>
    public IReadOnlyList<WantedDisk> Look()
    {
        IReadOnlyList<FoundDisk> found = discovery.Find();
        List<FoundDisk> settled = [.. found.Where(disk => _seen?.Contains((disk.KernelName, disk.Sequence)) ?? true)];
        if (_seen is null)
        {
            WarnOfUnmatched(found);
        }

        // A disk that was added is taken at the second look: by then udev has made the links by which it may be excluded.
        _seen = [.. found.Select(disk => (disk.KernelName, disk.Sequence))];
        Dictionary<DiskOption, FoundDisk?> named = plan.Named.ToDictionary(option => option, option => option.IsServed ? null : settled.Find(disk => disk.Paths.Contains(option.DiskPath)));
        List<WantedDisk> wanted = [.. named.Select(pair => Named(pair.Key, pair.Value, settled))];
        if (plan.TakesMachineDisks)
        {
            wanted.AddRange(MachineDisks(settled, [.. named.Values.OfType<FoundDisk>()]));
        }

        return wanted;
    }

    private WantedDisk Named(DiskOption option, FoundDisk? disk, List<FoundDisk> all)
    {
        if (disk is not null)
        {
            _namedSeen.Add(option.Name);
            return new WantedDisk(option, disk.SizeBytes, PathRefusal(disk, all));
        }

        return _namedSeen.Contains(option.Name) ? new WantedDisk(option, 0, Gone(option.Name)) : new WantedDisk(option);
    }

    private IEnumerable<WantedDisk> MachineDisks(List<FoundDisk> settled, List<FoundDisk> named)
    {
        bool isWanted(FoundDisk disk) => !named.Contains(disk) && plan.Exclusion.Match(disk) is null;
        IReadOnlyDictionary<FoundDisk, DiskEntry> recognised = registry.Recognise(settled, isWanted);
        foreach ((FoundDisk disk, DiskEntry entry) in recognised.Where(pair => isWanted(pair.Key)))
        {
            yield return new WantedDisk(new DiskOption(entry.Name, disk.Path, null, null), disk.SizeBytes, PathRefusal(disk, settled));
        }

        foreach (DiskEntry entry in registry.Recognised.Except(recognised.Values).ToArray())
        {
            if (entry.Path.Length > 0)
            {
                registry.NoteGone(entry);
            }

            yield return new WantedDisk(new DiskOption(entry.Name, "", null, null), 0, Gone(entry.Name));
        }
    }

    private void WarnOfUnmatched(IReadOnlyList<FoundDisk> found)
    {
        foreach (string pattern in plan.TakesMachineDisks ? plan.Exclusion.Unmatched(found) : [])
        {
            logger.ExclusionUnmatched(pattern);
        }

        foreach (FoundDisk disk in plan.TakesMachineDisks ? found : [])
        {
            if (plan.Exclusion.Match(disk) is { } pattern)
            {
                logger.DiskExcluded(disk.Path, pattern);
            }
        }
    }

    // Writes through the other path would go unseen, whichever of the two is taken, and whether or not the other is excluded.
    private static AsrError? PathRefusal(FoundDisk disk, List<FoundDisk> all) =>
        all.Find(other => other != disk && other.Ids.Any(id => id.StartsWith(DiskDiscovery.WorldWideName, StringComparison.Ordinal) && disk.Ids.Contains(id))) is { } twin
            ? AsrError.From(new AsrException(
                AsrErrorCode.DiskUnsupported,
                $"'{disk.Path}' and '{twin.Path}' are two paths to one disk. Disks with several paths cannot be captured yet.",
                "Exclude all paths of the disk, or leave it one.",
                disk.Path))
            : null;

    private static AsrError Gone(string name) => AsrError.From(new AsrException(
        AsrErrorCode.DiskGone, $"Disk '{name}' is gone from this machine.", "Attach it again, or end its replication.", name));
}
