using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault;

/// <summary>Where a vault is or shall be: the one thing that differs between a directory and a container of blobs.</summary>
internal sealed record VaultPlace
{
    /// <summary>As people name it; never with a secret.</summary>
    public required string Location { get; init; }

    /// <summary>The documents.</summary>
    public required ICatalog Catalog { get; init; }

    /// <summary>The sealed objects; the vault that is put together owns it.</summary>
    public required ISegmentStore Segments { get; init; }

    /// <summary>Where the spool is written, if there is one.</summary>
    public required IFileLayer SpoolFiles { get; init; }

    /// <summary>How many segments of a disk are stored at once.</summary>
    public int SegmentsUnderWayMax { get; init; } = SealedVaultOptions.SegmentsUnderWayDefault;

    /// <summary>Makes the place; it may exist.</summary>
    public required Func<CancellationToken, Task> MakeAsync { get; init; }

    /// <summary>Removes what interrupted writes left, once the passphrase has opened the vault.</summary>
    public Func<CancellationToken, Task> SweepAsync { get; init; } = static _ => Task.CompletedTask;
}
