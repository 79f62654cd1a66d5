using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Asr.Contracts;

namespace Asr.Agent.Consistency;

/// <summary>The mounts that this process sees: <c>/proc/self/mountinfo</c>.</summary>
internal static class MountTable
{
    /// <summary>Where the kernel tells them.</summary>
    public const string Path = "/proc/self/mountinfo";

    // The kernel's own bound is 100,000 mounts; a line has a few hundred bytes.
    private const int BytesMax = 64 << 20;

    /// <summary>Reads the table.</summary>
    public static IReadOnlyList<MountEntry> Read()
    {
        try
        {
            using FileStream file = File.OpenRead(Path);
            using MemoryStream content = new();
            byte[] buffer = new byte[64 << 10];
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, read);
                if (content.Length > BytesMax)
                {
                    throw new AsrException(AsrErrorCode.QuiesceFailed, $"'{Path}' has more than {BytesMax} bytes.", "Unmount what is not needed.", Path);
                }
            }

            return Parse(content.GetBuffer().AsSpan(0, (int)content.Length));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.QuiesceFailed, $"The mounts of this machine cannot be read: {error.Message}", "Mount /proc.", Path, error);
        }
    }

    /// <summary>Reads a table's text. A line that is not of the form is passed over: it is of no file system that could be frozen.</summary>
    public static IReadOnlyList<MountEntry> Parse(ReadOnlySpan<byte> text)
    {
        List<MountEntry> entries = [];
        foreach (Range range in text.Split((byte)'\n'))
        {
            if (TryParseLine(text[range], out MountEntry? entry))
            {
                entries.Add(entry!);
            }
        }

        return entries;
    }

    // 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
    private static bool TryParseLine(ReadOnlySpan<byte> line, out MountEntry? entry)
    {
        entry = null;
        string[] fields = Encoding.UTF8.GetString(line).Split(' ');

        // Optional fields stand between the sixth and a lone hyphen.
        int separator = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
        if (separator < 0
            || fields.Length < separator + 4
            || !int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || !DeviceNumber.TryParse(fields[2], out DeviceNumber device))
        {
            return false;
        }

        // The mount's own options come before the hyphen, those of the file system last: a file system that is written elsewhere may well have a read-only mount here.
        bool isReadOnly = fields[separator + 3].Split(',')[0] == "ro";
        entry = new MountEntry(id, device, Unescape(fields[4]), fields[separator + 1], Unescape(fields[separator + 2]), isReadOnly);
        return true;
    }

    /// <summary>Undoes the kernel's escapes of blanks, line ends and backslashes: a backslash and three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        StringBuilder plain = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && IsOctal(text[i + 1], '3') && IsOctal(text[i + 2], '7') && IsOctal(text[i + 3], '7'))
            {
                plain.Append((char)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                plain.Append(text[i]);
            }
        }

        return plain.ToString();
    }

    private static bool IsOctal(char digit, char max) => digit >= '0' && digit <= max;
}
