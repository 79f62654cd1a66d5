using System;
using System.Threading;

namespace Asr.Agent.Hosting;

/// <summary>The life sign of one loop.</summary>
internal sealed class LoopPulse(string name, TimeSpan silenceMax, TimeProvider time)
{
    private long _beatAt = time.GetTimestamp();

    /// <summary>Of the loop.</summary>
    public string Name { get; } = name;

    /// <summary>How long it may be silent.</summary>
    public TimeSpan SilenceMax { get; } = silenceMax;

    /// <summary>True when it has been silent for longer.</summary>
    public bool IsSilent => time.GetElapsedTime(Interlocked.Read(ref _beatAt)) > SilenceMax;

    /// <summary>The loop is alive.</summary>
    public void Beat() => Interlocked.Exchange(ref _beatAt, time.GetTimestamp());
}
