using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>How far a check of the vault has come, and what it has found: every object read and verified, past all caches.</summary>
public sealed record AsrVaultCheck
{
    /// <summary>The machine whose part of the vault is checked, or null for all of it.</summary>
    public Guid? MachineId { get; init; }

    /// <summary>When it began; a check that goes on after a stop keeps its beginning.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>When it had seen everything, or null.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>Objects verified: documents, segments, packs and index runs.</summary>
    public long ObjectsChecked { get; init; }

    /// <summary>Bytes read.</summary>
    public long BytesChecked { get; init; }

    /// <summary>What is not as it was stored. At most 256 objects are listed.</summary>
    public IReadOnlyList<AsrVaultFinding> Findings { get; init; } = Array.Empty<AsrVaultFinding>();

    /// <summary>How many there are, those not listed included.</summary>
    public int FindingCount { get; init; }

    /// <summary>The resynchronisations that were started, or could not be, because repair was asked for.</summary>
    public IReadOnlyList<AsrVaultRepair> Repairs { get; init; } = Array.Empty<AsrVaultRepair>();
}

/// <summary>What was done about a machine whose newest state is affected.</summary>
public sealed record AsrVaultRepair
{
    /// <summary>The machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Its name.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>The job that resynchronises it, or null.</summary>
    public Guid? JobId { get; init; }

    /// <summary>Why it cannot be resynchronised, or null.</summary>
    public string? Reason { get; init; }
}
