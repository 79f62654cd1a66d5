using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>
/// Where every disk of a machine stood at one moment between recovery points. Noted by the source about once a second, under the same barrier as
/// a point; usable when each position is part of its disk's history and durable in the vault.
/// </summary>
public sealed record MachineInstant
{
    /// <summary>The moment, by the source's clock. Every write that had ended by then is in the positions.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Side on which the machine ran.</summary>
    public ActiveLocation Source { get; init; }

    /// <summary>The position of every protected disk.</summary>
    public IReadOnlyList<DiskBase> Disks { get; init; } = Array.Empty<DiskBase>();
}
