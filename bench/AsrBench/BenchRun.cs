using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Reports;
using Asr.Bench.Site;
using Asr.Bench.Workloads;

namespace Asr.Bench;

/// <summary>Makes the image, runs the workloads, writes the results. Nothing here judges a ratio: a missed goal is a line on the page.</summary>
internal static class BenchRun
{
    private static readonly (string Name, Func<BenchContext, CancellationToken, Task> Run)[] Workloads =
    [
        ("memory", HotPath.RunAsync),
        ("initial", InitialReplication.RunAsync),
        ("delta", DeltaReplication.RunAsync),
        ("writes", SplitterWrites.RunAsync),
        ("points", PointReading.RunAsync),
        ("large", LargeDisk.RunAsync),
        ("tracking", TrackingCost.RunApartAsync),
        ("tracking-shared", TrackingCost.RunSharedAsync),
        ("churn", TrackedChurn.RunAsync),
    ];

    /// <summary>Runs what the options ask for; the exit code.</summary>
    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateDirectory(Path.Join(Path.GetFullPath(options.WorkPath), $"asr-bench-{Environment.ProcessId}")).FullName;
        try
        {
            DateTimeOffset time = TimeProvider.System.GetUtcNow();
            string load = MachineFacts.Load();
            BenchContext context = new(options, folder);
            List<(string Workload, BenchResult[] Results, string[] Remarks)> ran = [];
            Console.WriteLine($"Image of {options.ImageBytes >> 20} MiB; load {load}");
            await DiskImage.CreateAsync(context.ImagePath, options.ImageBytes, cancellationToken);
            foreach ((string name, Func<BenchContext, CancellationToken, Task> run) in Workloads.Where(workload => options.Only.Count == 0 || options.Only.Contains(workload.Name)))
            {
                Console.WriteLine($"== {name}");
                (int results, int remarks) = (context.Results.Count, context.Remarks.Count);
                await run(context, cancellationToken);
                ran.Add((name, [.. context.Results.Skip(results)], [.. context.Remarks.Skip(remarks)]));
                Show(ran[^1].Results);
                Array.ForEach(ran[^1].Remarks, Console.WriteLine);
            }

            RunFacts facts = new(time, MachineFacts.Machine(), load, MachineFacts.Load(), options.ImageBytes, options.Runs);
            WorkloadRecord[] records = [.. ran.Select(workload => new WorkloadRecord { Workload = workload.Workload, Run = facts, Results = workload.Results, Remarks = workload.Remarks })];
            List<WorkloadRecord> all = await ResultFile.UpdateAsync(options.ResultsPath, records, [.. Workloads.Select(workload => workload.Name)], cancellationToken);
            await ResultPage.WriteAsync(options.PagePath, all, cancellationToken);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Show(IEnumerable<BenchResult> results)
    {
        foreach (BenchResult result in results)
        {
            Console.WriteLine(FormattableString.Invariant($"{result.Workload}: ours {result.Ours:G4} {result.Unit}, peer {result.Peer:G4}, ratio {result.Ratio:F2} {result.Goal}"));
        }
    }
}
