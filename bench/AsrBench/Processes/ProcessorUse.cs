using System;
using System.Globalization;
using System.IO;
using System.Linq;

namespace Asr.Bench.Processes;

/// <summary>What all cores have done since the system started, in the kernel's ticks.</summary>
internal readonly record struct ProcessorUse(long Idle, long Total)
{
    /// <summary>Now.</summary>
    public static ProcessorUse Read()
    {
        // cpu user nice system idle iowait irq softirq steal; a core that waits for a disk is free for others.
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(static field => long.Parse(field, CultureInfo.InvariantCulture))];
        return new ProcessorUse(ticks[3] + ticks[4], ticks.Sum());
    }

    /// <summary>The share of the cores' time, 0 to 1, that none of them had anything to do.</summary>
    public double IdleSince(ProcessorUse before) => (Idle - before.Idle) / (double)Math.Max(1, Total - before.Total);
}
