using System;

namespace Asr.Contracts;

/// <summary>Where a vault is: a folder, or a container of Azure Storage. Stateless and thread-safe.</summary>
public static class VaultLocation
{
    /// <summary>Whether a text names a container, by its URI, and not a folder.</summary>
    public static bool IsContainer(string location) =>
        location.StartsWith("https://", StringComparison.OrdinalIgnoreCase) || location.StartsWith("http://", StringComparison.OrdinalIgnoreCase);
}
