using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>A scrub in the catalog (collection <c>scrubs</c>): how far it is and what it has found.</summary>
internal sealed record ScrubDocument
{
    /// <summary>Whoever goes on with the scrub; one who finds another here has lost it and stops.</summary>
    public Guid Owner { get; init; }

    /// <summary>What has been verified and found.</summary>
    public AsrVaultCheck Check { get; init; } = new();

    /// <summary>What has been verified last, or null at the beginning.</summary>
    public ScrubPlace? Place { get; init; }

    /// <summary>What the scrub before this one found. It stands until this one has seen everything.</summary>
    public IReadOnlyList<AsrVaultFinding> Previous { get; init; } = [];
}

/// <summary>
/// A place in the order in which a vault is scrubbed: documents by collection and id, then disks by id, on each disk the objects by kind, epoch, stretch and
/// generation.
/// </summary>
internal sealed record ScrubPlace
{
    /// <summary>Collection of the last document.</summary>
    public string Collection { get; init; } = "";

    /// <summary>Its id.</summary>
    public string DocumentId { get; init; } = "";

    /// <summary>The last object of a disk, or null while documents are verified.</summary>
    public SegmentName? Object { get; init; }
}
