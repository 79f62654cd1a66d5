using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Text made by the formatting.</summary>
internal static class FormattedText
{
    /// <summary>The lines of <paramref name="text"/>, without an empty one after the last line end.</summary>
    public static string[] SplitLines(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        return lines[^1].Length == 0 ? lines[..^1] : lines;
    }
}
