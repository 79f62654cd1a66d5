using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>
/// The disks this machine has offered and the ids they got, kept in the state folder. A name stands for one disk for ever: what is replicated
/// under an id must stay the same disk. One caller at a time.
/// </summary>
internal sealed class DiskRegistry
{
    private readonly StateFolder _folder;
    private readonly List<DiskEntry> _entries;

    private DiskRegistry(StateFolder folder, List<DiskEntry> entries)
    {
        _folder = folder;
        _entries = entries;
    }

    /// <summary>Reads the registry of a state folder; an empty one when there is none.</summary>
    public static DiskRegistry Load(StateFolder folder) => new(folder, StateFile.Read<List<DiskEntry>>(folder.DisksFile) ?? []);

    /// <summary>The entry of a name, made durable first when the name is new.</summary>
    public DiskEntry Resolve(string name, string path)
    {
        if (_entries.FirstOrDefault(entry => string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase)) is { } known)
        {
            return known;
        }

        DiskEntry added = new() { Id = Guid.NewGuid(), Name = name, Path = path };
        _entries.Add(added);
        StateFile.WriteDurably(_folder.DisksFile, _entries);
        return added;
    }

    /// <summary>Every disk of the machine that was ever recognised.</summary>
    public IEnumerable<DiskEntry> Recognised => _entries.Where(entry => entry.Ids.Count > 0);

    /// <summary>
    /// Recognises the disks of the machine, all there are: the entry of each. One that was not seen before gets a name of its own, the kernel's if it is free, where <paramref name="isWanted"/> says so.
    /// An id that two disks share (a world-wide name seen on two paths, a serial number of zeros) tells neither from the other: it counts together with the path only. A disk without ids is
    /// known by the kernel's name and its size.
    /// </summary>
    public IReadOnlyDictionary<FoundDisk, DiskEntry> Recognise(IReadOnlyCollection<FoundDisk> disks, Predicate<FoundDisk> isWanted)
    {
        DiskEntry[] before = [.. _entries];
        Dictionary<FoundDisk, DiskEntry> recognised = [];
        HashSet<string> shared = [.. disks.SelectMany(disk => disk.Ids).GroupBy(id => id, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key)];

        // The surest first for all disks, so that none takes by its path what another has by its id.
        Match((disk, entry) => disk.Ids.Any(id => !shared.Contains(id) && entry.Ids.Contains(id)));
        Match((disk, entry) => entry.Path == disk.Path && disk.Ids.Intersect(entry.Ids).Any());
        Match((disk, entry) => entry.Ids.Contains(KernelId(disk)) && (entry.SizeBytes == 0 || entry.SizeBytes == disk.SizeBytes || IsSame(entry, disk)));
        foreach (FoundDisk disk in disks.Where(disk => !recognised.ContainsKey(disk) && isWanted(disk)))
        {
            recognised[disk] = Note(Add(disk), disk);
        }

        if (!before.SequenceEqual(_entries))
        {
            StateFile.WriteDurably(_folder.DisksFile, _entries);
        }

        return recognised;

        void Match(Func<FoundDisk, DiskEntry, bool> isThis)
        {
            foreach (FoundDisk disk in disks.Where(disk => !recognised.ContainsKey(disk)))
            {
                if (_entries.Find(entry => isThis(disk, entry) && !recognised.ContainsValue(entry)) is { } entry)
                {
                    recognised[disk] = Note(entry, disk);
                }
            }
        }
    }

    /// <summary>Notes that a disk has been seen to be gone: what comes back may be another one, or the same with other content.</summary>
    public void NoteGone(DiskEntry entry) => Update(entry, "", entry.SizeBytes, entry.TrackedInBoot);

    /// <summary>Notes where a disk was opened, how large it was, and in which run of the system the kernel tracks it, if it does.</summary>
    public DiskEntry Update(DiskEntry entry, string path, long sizeBytes, Guid? trackedInBoot)
    {
        DiskEntry updated = entry with { Path = path, SizeBytes = sizeBytes, TrackedInBoot = trackedInBoot };
        if (updated != entry)
        {
            _entries[_entries.IndexOf(entry)] = updated;
            StateFile.WriteDurably(_folder.DisksFile, _entries);
        }

        return updated;
    }

    private DiskEntry Add(FoundDisk disk)
    {
        string name = DiskOption.ToName(disk.KernelName);
        string free = Enumerable.Range(1, int.MaxValue)
            .Select(number => number == 1 ? name : $"{name}-{number}")
            .First(candidate => !_entries.Exists(entry => string.Equals(entry.Name, candidate, StringComparison.OrdinalIgnoreCase)));
        DiskEntry added = new() { Id = Guid.NewGuid(), Name = free, Path = disk.Path };
        _entries.Add(added);
        return added;
    }

    private DiskEntry Note(DiskEntry entry, FoundDisk disk)
    {
        // Taken out and put back, or the machine was restarted: whatever was written meanwhile, no one has seen it.
        IReadOnlyList<string> ids = disk.Ids.Count > 0 ? disk.Ids : [KernelId(disk)];
        DiskEntry noted = entry with
        {
            Ids = entry.Ids.SequenceEqual(ids) ? entry.Ids : ids,
            Sequence = disk.Sequence,
            Path = entry.Sequence == 0 || IsSame(entry, disk) ? entry.Path : "",
        };
        if (noted != entry)
        {
            _entries[_entries.IndexOf(entry)] = noted;
        }

        return noted;
    }

    // Between two starts of the system the number is the disk's; across one it may be another's, which the caller then takes for one that has changed.
    private static bool IsSame(DiskEntry entry, FoundDisk disk) => entry.Sequence != 0 && entry.Sequence == disk.Sequence;

    private static string KernelId(FoundDisk disk) => "kernel:" + disk.KernelName;
}
