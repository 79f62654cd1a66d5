using System;
using System.Globalization;
using System.IO;
using System.Text;

namespace Asr.Agent.Disks;

/// <summary>Reads the attributes that the kernel shows as files in /sys, which hold a page at most. Stateless and thread-safe.</summary>
internal static class SysAttribute
{
    private const int BytesMax = 4096;

    /// <summary>An attribute's text without its line's end; null when it is absent, empty or unreadable, as when the device has just gone.</summary>
    /// <param name="folder">The folder of the device.</param>
    /// <param name="name">The attribute, below that folder.</param>
    /// <param name="skip">Bytes before the text.</param>
    public static string? Read(string folder, string name, int skip = 0)
    {
        try
        {
            using FileStream file = new(Path.Combine(folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            byte[] content = new byte[BytesMax];
            int count = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            string text = Encoding.UTF8.GetString(content.AsSpan(Math.Min(skip, count)..count)).Trim('\n', '\0');
            return text.Length > 0 ? text : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>An attribute that is a number of 0 or more; null for any other.</summary>
    public static long? ReadNumber(string folder, string name) =>
        long.TryParse(Read(folder, name), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
