using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>What the kernel says is mounted and looped at this moment. Asked anew each time: others mount things too.</summary>
internal static partial class HostMounts
{
    private const string BlockFolder = "/sys/block";

    /// <summary>Mount points at a path or below it, the last one mounted first.</summary>
    public static IReadOnlyList<string> At(string path) => File.ReadLines("/proc/self/mountinfo")
        .Select(line => Unescape(line.Split(' ')[4]))
        .Where(point => point == path || point.StartsWith(path + "/", StringComparison.Ordinal))
        .Reverse().ToArray();

    /// <summary>Loop devices over a file.</summary>
    public static IReadOnlyList<string> LoopsOver(string path) => Directory.EnumerateDirectories(BlockFolder, "loop*")
        .Where(folder => BackingFile(folder) is { } backing && (backing == path || backing == path + " (deleted)"))
        .Select(folder => "/dev/" + Path.GetFileName(folder)).ToArray();

    private static string? BackingFile(string blockFolder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(blockFolder, "loop", "backing_file")).TrimEnd('\n');
        }
        catch (IOException)
        {
            // Not in use, or let go at this moment.
            return null;
        }
    }

    /// <summary>Blanks and backslashes are octal in the kernel's table.</summary>
    private static string Unescape(string text) => Octal().Replace(text, match => ((char)Convert.ToInt32(match.Groups[1].Value, 8)).ToString());

    [GeneratedRegex(@"\\([0-7]{3})", RegexOptions.CultureInvariant)]
    private static partial Regex Octal();
}
