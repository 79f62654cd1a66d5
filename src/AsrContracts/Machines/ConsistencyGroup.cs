using System;

namespace Asr.Contracts;

/// <summary>
/// Machines under one policy that have recovery points of one moment. A group has no life of its own: it is there as long as a machine names it. Names are compared without case.
/// </summary>
public static class ConsistencyGroup
{
    /// <summary>Machines in a group at most. Every one is at rest until the last has come to rest.</summary>
    public const int MachinesMax = 16;

    /// <summary>Characters of a name at most.</summary>
    public const int NameCharsMax = 63;

    /// <summary>What keeps a text from being a name, as the end of a sentence; null when it can be one.</summary>
    public static string? Fault(string name)
    {
        bool isFit = name.Length is > 0 and <= NameCharsMax && name[0] != '.';
        foreach (char character in name)
        {
            isFit &= character is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '-' or '_' or '.';
        }

        return isFit ? null : $"must be 1 to {NameCharsMax} letters, digits, '-', '_' or '.', and must not start with '.'";
    }

    /// <summary>True when two names are the same.</summary>
    public static bool Is(string? name, string? other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);
}
