using System.Text.RegularExpressions;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>Names machines may have: those of hosts.</summary>
internal static partial class MachineName
{
    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> unless the name is 1 to 63 letters, digits, '-', '_' or '.', beginning with a letter or digit.</summary>
    public static void Check(string? name)
    {
        if (name is null || !Pattern().IsMatch(name))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument,
                "MachineName must be 1 to 63 letters, digits, '-', '_' or '.', beginning with a letter or digit.", "Name the machine as its host is named.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
