using System;
using Asr.Contracts;
using Asr.Engine.Pacing;

namespace Asr.Engine.Shipping;

/// <summary>The bandwidth that one machine's disks share. Thread-safe.</summary>
internal sealed class MachineBandwidth(TimeProvider time)
{
    /// <summary>What is sent, as it is on the wire.</summary>
    public BandwidthBudget Sends { get; } = new(null, time);

    /// <summary>What is read of the disks for copies and comparisons, of which much may never be sent.</summary>
    public BandwidthBudget Reads { get; } = new(null, time);

    /// <summary>Follows an assignment. While a workload stands still for its last changes, every second that they take is downtime.</summary>
    public void Follow(AgentAssignment assignment)
    {
        long? limit = assignment.Mode == AgentMode.Quiesce ? null : assignment.BandwidthBytesPerSecond;
        Sends.BytesPerSecond = limit;
        Reads.BytesPerSecond = limit;
    }
}
