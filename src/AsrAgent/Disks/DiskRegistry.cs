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

    /// <summary>Notes where a disk was opened and how large it was.</summary>
    public DiskEntry Update(DiskEntry entry, string path, long sizeBytes)
    {
        DiskEntry updated = entry with { Path = path, SizeBytes = sizeBytes };
        if (updated != entry)
        {
            _entries[_entries.IndexOf(entry)] = updated;
            StateFile.WriteDurably(_folder.DisksFile, _entries);
        }

        return updated;
    }
}
