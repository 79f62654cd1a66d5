using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>What the recovery points of one instant of a consistency group have in common: every machine was at rest at one moment, and each point is its machine at that moment.</summary>
public sealed record MultiMachinePoint
{
    /// <summary>The same on the point of every machine.</summary>
    public Guid Id { get; init; }

    /// <summary>Name of the consistency group at that time.</summary>
    public string ConsistencyGroup { get; init; } = "";

    /// <summary>When all were known to be at rest, by the appliance's clock; the points' own times are by their machines' clocks.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>The machines, by id. The instant can be brought up as a whole while each still has its point.</summary>
    public IReadOnlyList<Guid> MachineIds { get; init; } = Array.Empty<Guid>();

    /// <summary>Milliseconds from the order to come to rest until the last machine had confirmed; the moment common to all lies within.</summary>
    public double SpanMs { get; init; }
}
