using System;
using System.IO;
using System.Linq;

namespace Asr.Bench.Reports;

/// <summary>What the figures were measured on.</summary>
internal static class MachineFacts
{
    /// <summary>Processor, cores and memory.</summary>
    public static string Machine()
    {
        string processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        long memoryGiB = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30;
        return $"{processor}, {Environment.ProcessorCount} cores, {memoryGiB} GiB, {Environment.OSVersion.VersionString}, .NET {Environment.Version}";
    }

    /// <summary>The three load averages.</summary>
    public static string Load() => string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3));
}
