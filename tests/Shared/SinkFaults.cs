using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Testing;

/// <summary>What goes wrong in one call to the sink.</summary>
public enum SinkFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Refused before anything was done.</summary>
    Refuse,

    /// <summary>Done, but the answer is lost, so the caller sends it again.</summary>
    DropAnswer,

    /// <summary>Answered late.</summary>
    Delay,

    /// <summary>The process server restarts.</summary>
    LoseSession,

    /// <summary>The process server restarts without what the vault lacks.</summary>
    LoseSpool,
}

/// <summary>Draws faults from a seed; thread-safe.</summary>
public sealed class SinkFaults(int seed)
{
    private readonly Random _random = new(seed);
    private readonly Lock _gate = new();

    /// <summary>Share of calls with a fault, 0 to 1.</summary>
    public double Rate { get; set; }

    /// <summary>The faults to draw from.</summary>
    public SinkFault[] Kinds { get; set; } = [SinkFault.Refuse, SinkFault.DropAnswer, SinkFault.Delay, SinkFault.LoseSession];

    /// <summary>True while the link is down: every call is refused.</summary>
    public bool IsDown { get; set; }

    /// <summary>False while the vault takes nothing from the spool.</summary>
    public bool VaultAdvances { get; set; } = true;

    /// <summary>Pauses every call: a slow link.</summary>
    public TimeSpan Latency { get; set; }

    internal async Task<SinkFault> BeforeAsync(CancellationToken cancellationToken)
    {
        SinkFault fault;
        lock (_gate)
        {
            fault = Rate > 0 && _random.NextDouble() < Rate ? Kinds[_random.Next(Kinds.Length)] : SinkFault.None;
        }

        if (Latency > TimeSpan.Zero)
        {
            await Task.Delay(Latency, cancellationToken);
        }
        else
        {
            await Task.Yield();
        }

        if (IsDown || fault == SinkFault.Refuse)
        {
            throw new AsrException(AsrErrorCode.ApplianceUnreachable, "The link is down.");
        }

        if (fault == SinkFault.Delay)
        {
            await Task.Delay(5, cancellationToken);
        }

        return fault;
    }

    internal static void After(SinkFault fault)
    {
        if (fault == SinkFault.DropAnswer)
        {
            throw new AsrException(AsrErrorCode.ApplianceUnreachable, "The answer was lost.");
        }
    }
}
