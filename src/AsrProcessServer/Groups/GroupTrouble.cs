using System;
using System.Collections.Concurrent;

namespace Asr.ProcessServer.Groups;

/// <summary>What keeps each consistency group from shared recovery points, told by its coordinator and read by its machines. In memory: it is found out anew after a start. Safe for concurrent callers.</summary>
public sealed class GroupTrouble
{
    private readonly ConcurrentDictionary<string, string> _troubles = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with a group, or null.</summary>
    public string? Of(string group) => _troubles.TryGetValue(group, out string? trouble) ? trouble : null;

    /// <summary>Notes what is wrong, or with null that nothing is.</summary>
    public void Note(string group, string? trouble)
    {
        if (trouble is null)
        {
            _troubles.TryRemove(group, out _);
        }
        else
        {
            _troubles[group] = trouble;
        }
    }
}
