using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;

namespace Asr.Bench.Workloads;

/// <summary>How old the newest point of a tracked disk is under churn, how long its file systems are frozen, and what memory the agent needs for it.</summary>
internal static class TrackedChurn
{
    private const int ChurnSeconds = 75;
    private const int FloodSeconds = 15;
    private const int ChurnBytesPerSecond = 54_000_000;
    private const int WriteBytes = 64 << 10;
    private const int PointSeconds = 5;
    private const double FreezeGoalMs = 100;
    private const double AgeGoalSeconds = 15;
    private const double MemoryGoalMebibytes = 150;
    private const string FioCommand = "fio --ioengine=libaio --direct=1 --rw=randwrite --bs=64k --iodepth=16 --refill_buffers";

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using TrackedVolume volume = await TrackedVolume.CreateAsync(context.NewPath("tracked"), cancellationToken);
        await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), volume.DevicePath, cancellationToken);
        await site.ReplicateAsync(cancellationToken, PointSeconds);
        string load = MachineFacts.Load();
        ProcessorUse before = ProcessorUse.Read();
        Task<double> churn = volume.WriteAsync(FormattableString.Invariant($"{FioCommand} --rate={ChurnBytesPerSecond} --runtime={ChurnSeconds}"), cancellationToken);
        HashSet<double> freezes = [];
        List<double> ages = [];
        while (!churn.IsCompleted)
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            ages.Add((now - (await site.Operator.GetPointsAsync(site.MachineId, cancellationToken))[0].Time).TotalSeconds);

            // Every instant has its own figure, to the tick; the file is written more often than they are taken.
            using JsonDocument status = JsonDocument.Parse(await File.ReadAllTextAsync(site.StatusPath, cancellationToken));
            if (status.RootElement.GetProperty("report").TryGetProperty("lastFreezeMs", out JsonElement frozen))
            {
                freezes.Add(frozen.GetDouble());
            }

            await Task.Delay(LookInterval, cancellationToken);
        }

        double rate = await churn * WriteBytes / 1e6;
        double idle = ProcessorUse.Read().IdleSince(before);
        double memory = site.AgentMemoryBytesMax / (double)(1 << 20);
        double[] sorted = [.. freezes.Order()];
        double longest = sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1];
        double flood = await volume.WriteAsync(FormattableString.Invariant($"{FioCommand} --runtime={FloodSeconds}"), cancellationToken) * WriteBytes / 1e6;
        double memoryMax = site.AgentMemoryBytesMax / (double)(1 << 20);
        context.Results.Add(BenchResult.Bound("File systems frozen for a point at 54 MB/s, p99", longest, FreezeGoalMs, "100 ms", "ms", 1));
        context.Results.Add(BenchResult.Bound("Age of the newest point at 54 MB/s, at most", ages.Max(), AgeGoalSeconds, "15 s", "s", 1));
        context.Results.Add(BenchResult.Bound("Memory of the agent at 54 MB/s, at most", memory, MemoryGoalMebibytes, "150 MiB", "MiB", 1));
        context.Results.Add(BenchResult.Bound("Memory of the agent at all that the disk takes, at most", memoryMax, MemoryGoalMebibytes, "150 MiB", "MiB", 1));
        context.Remarks.Add(FormattableString.Invariant(
            $"At 54 MB/s: fio writes 64 KiB at random places for {ChurnSeconds} s, a point every {PointSeconds} s; {rate:F1} MB/s were written. {sorted.Length} freezes, p50 {Median.Of(sorted):F1} ms; of so few p99 is the longest. The newest point published was {Median.Of(ages):F1} s old in the median, looked at four times a second. {idle:P0} of the cores were idle; load averages {load} before."));
        context.Remarks.Add(FormattableString.Invariant(
            $"Memory of the agent: the kernel's highest count of its pages since it started, the first copy included; at all that the disk takes, fio wrote {flood:F0} MB/s for {FloodSeconds} s more."));
    }
}
