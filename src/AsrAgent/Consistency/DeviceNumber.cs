using System;
using System.Globalization;

namespace Asr.Agent.Consistency;

/// <summary>Major and minor number of a device. Major 0 are the made-up devices of file systems that lie on none, or on several.</summary>
internal readonly record struct DeviceNumber(uint Major, uint Minor)
{
    /// <summary>Reads the form <c>8:1</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DeviceNumber device)
    {
        device = default;
        int colon = text.IndexOf(':');
        if (colon < 0
            || !uint.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out uint major)
            || !uint.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out uint minor))
        {
            return false;
        }

        device = new DeviceNumber(major, minor);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}:{Minor}");
}
