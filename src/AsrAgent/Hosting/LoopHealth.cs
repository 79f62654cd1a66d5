using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace Asr.Agent.Hosting;

/// <summary>Knows whether the agent's loops are alive: each beats as it goes round, within the time it gave. Thread-safe.</summary>
internal sealed class LoopHealth(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<LoopPulse> _pulses = [];

    /// <summary>Adds a loop to watch; it has beaten now.</summary>
    /// <param name="name">Of the loop, for the log.</param>
    /// <param name="silenceMax">Between two beats at most, however slow disks and network are.</param>
    public LoopPulse Watch(string name, TimeSpan silenceMax)
    {
        LoopPulse pulse = new(name, silenceMax, time);
        lock (_gate)
        {
            _pulses.Add(pulse);
        }

        return pulse;
    }

    /// <summary>A loop that should have beaten and has not, or null.</summary>
    public LoopPulse? FindSilent()
    {
        lock (_gate)
        {
            return _pulses.FirstOrDefault(pulse => pulse.IsSilent);
        }
    }
}
