using Asr.Engine.Vault.Local;

namespace Asr.Engine.Vault.Azure;

/// <summary>What a vault in Azure Storage works with.</summary>
public sealed record AzureVaultOptions : VaultOptions
{
    /// <summary>The file system that the spool is on.</summary>
    public IFileLayer SpoolFiles { get; init; } = new PhysicalFileLayer();

    /// <summary>
    /// Segments of a disk that are uploaded at once. The storage answers after its latency, whatever the size; with 8, segments of 1 MiB and 20 ms a disk reaches 400 MB/s.
    /// Each holds its sealed bytes in memory. Default 8.
    /// </summary>
    public int SegmentsUnderWayMax { get; init; } = 8;
}
