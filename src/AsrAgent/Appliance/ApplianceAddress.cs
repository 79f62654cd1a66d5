using System;
using Asr.Contracts;

namespace Asr.Agent.Appliance;

/// <summary>Reads the address of an appliance as people write it.</summary>
internal static class ApplianceAddress
{
    /// <summary>The base address of a control port, or <see cref="AsrErrorCode.InvalidArgument"/>.</summary>
    public static Uri Parse(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Scheme == Uri.UriSchemeHttps
        ? address
        : throw new AsrException(AsrErrorCode.InvalidArgument, $"'{text}' is not the address of an appliance.", "Use https://host:port.", text);
}
