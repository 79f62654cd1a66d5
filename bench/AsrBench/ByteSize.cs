using System;
using System.Globalization;

namespace Asr.Bench;

/// <summary>Sizes as people write them.</summary>
internal static class ByteSize
{
    /// <summary>Reads <c>512MiB</c> or <c>8GiB</c>; throws <see cref="FormatException"/>.</summary>
    public static long Parse(string text)
    {
        int shift = text.EndsWith("GiB", StringComparison.Ordinal) ? 30 : text.EndsWith("MiB", StringComparison.Ordinal) ? 20 : 0;
        return shift != 0 && int.TryParse(text.AsSpan(0, text.Length - 3), NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0
            ? (long)count << shift
            : throw new FormatException($"'{text}' is no size such as 512MiB or 8GiB.");
    }

    /// <summary>Mebibytes with one decimal.</summary>
    public static string MiB(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):F1} MiB");
}
