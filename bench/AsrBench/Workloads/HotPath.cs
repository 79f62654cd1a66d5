using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Reports;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;

namespace Asr.Bench.Workloads;

/// <summary>Managed memory that a batch takes on its way, by BenchmarkDotNet.</summary>
internal static class HotPath
{
    /// <summary>A handful of small objects for 4 MiB; the content itself must be in pooled memory.</summary>
    private const int BytesPerBatchMax = 1024;

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        // In this process: a folder of published programs has no project that could be built again.
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.DontLogOutput))
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddLogger(NullLogger.Instance)
            .WithArtifactsPath(context.NewPath("benchmarks"))
            .WithOptions(ConfigOptions.DisableLogFile);
        Summary summary = await Task.Run(() => BenchmarkRunner.Run<BatchPath>(config), cancellationToken);
        foreach (BenchmarkReport report in summary.Reports)
        {
            string step = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
            if (report.ResultStatistics is null || report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) is not { } bytes)
            {
                throw new InvalidOperationException($"BenchmarkDotNet has no result for '{step}': {string.Join("; ", summary.ValidationErrors.Select(static error => error.Message))}");
            }

            context.Results.Add(BenchResult.Bound($"Managed memory allocated by a batch of 4 MiB, {step}", bytes, BytesPerBatchMax, "a handful of small objects", "B", 1));
        }

        context.Remarks.Add("Managed memory: by BenchmarkDotNet's memory column, for one batch built (in the agent), verified and sealed (in the appliance).");
    }
}
