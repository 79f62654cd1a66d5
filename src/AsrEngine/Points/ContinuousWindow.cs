using System;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>How far back any second can be opened: the one place that reads it from a policy.</summary>
public static class ContinuousWindow
{
    /// <summary>The window under a policy.</summary>
    public static TimeSpan Of(AsrReplicationPolicy policy) => TimeSpan.FromSeconds(policy.RecoveryPointRetentionSeconds);
}
