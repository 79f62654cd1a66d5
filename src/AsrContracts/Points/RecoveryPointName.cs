using System;
using System.Globalization;

namespace Asr.Contracts;

/// <summary>Names that people give to recovery points, and the words that stand for a point without being a name.</summary>
public static class RecoveryPointName
{
    /// <summary>The newest point of any type.</summary>
    public const string Latest = "Latest";

    /// <summary>The newest application-consistent point.</summary>
    public const string LatestAppConsistent = "LatestAppConsistent";

    /// <summary>Characters at most.</summary>
    public const int CharsMax = 64;

    /// <summary>What keeps a text from being a name, as the end of a sentence; null when it can be one. A name must not be mistaken for an id, a time or a word.</summary>
    public static string? Fault(string name)
    {
        if (name.Length is 0 or > CharsMax || name.Trim().Length != name.Length || ContainsControl(name))
        {
            return $"must be 1 to {CharsMax} printable characters that neither begin nor end with a space";
        }

        return Guid.TryParse(name, out _) || IsTime(name, out _) || Is(name, Latest) || Is(name, LatestAppConsistent)
            ? $"would be mistaken for an id, a time, {Latest} or {LatestAppConsistent}"
            : null;
    }

    /// <summary>True when two names are the same: compared without case.</summary>
    public static bool Is(string? name, string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a text that stands for a time; one without an offset is local.</summary>
    public static bool IsTime(string text, out DateTimeOffset time) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out time);

    private static bool ContainsControl(string name)
    {
        foreach (char character in name)
        {
            if (char.IsControl(character))
            {
                return true;
            }
        }

        return false;
    }
}
