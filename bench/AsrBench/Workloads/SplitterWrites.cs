using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Peers;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;
using Asr.Contracts;

namespace Asr.Bench.Workloads;

/// <summary>What a workload feels: writes through the agent's export while all of them are captured and shipped.</summary>
internal static class SplitterWrites
{
    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await CompareAsync(context, "4 KiB random writes / nbdkit file", "randwrite", "4k", 16, 4096, "IOPS", 0.8, cancellationToken);
        await CompareAsync(context, "1 MiB sequential writes / nbdkit file", "write", "1m", 4, 1 << 20, "MiB/s", 0.7, cancellationToken);
    }

    private static async Task CompareAsync(
        BenchContext context, string workload, string pattern, string blockSize, int depth, double unitBytes, string unit, double goal, CancellationToken cancellationToken)
    {
        await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), context.ImagePath, cancellationToken);
        await site.ReplicateAsync(cancellationToken);
        string copy = context.NewPath("copy.img");
        await Shell.RunAsync($"cp --sparse=always {context.ImagePath} {copy}", cancellationToken);

        // A small write into a page cache of large folios, as big writes and reads make them, costs the kernel several times as much. Both disks start
        // without any.
        foreach (string disk in new[] { copy, context.ImagePath })
        {
            await Shell.RunAsync($"dd of={disk} oflag=nocache conv=notrunc,fdatasync count=0 status=none", cancellationToken);
        }

        // Side by side in turns: what else the machine does hits both alike.
        double[] ours = new double[context.Options.Runs];
        double[] theirs = new double[context.Options.Runs];
        double[] catchUp = new double[context.Options.Runs];
        double[] agent = new double[context.Options.Runs];
        double[] appliance = new double[context.Options.Runs];
        CaptureMode mode = CaptureMode.Data;
        for (int run = 0; run < context.Options.Runs; run++)
        {
            (double agentBefore, double applianceBefore) = (site.AgentProcessorSeconds, site.ApplianceProcessorSeconds);
            FioResult written = await Fio.WriteAsync(site.ExportUri, pattern, blockSize, depth, cancellationToken);
            ours[run] = written.BytesPerSecond / unitBytes;
            AsrDisk disk = (await site.Operator.GetMachineAsync(site.MachineId, cancellationToken)).Disks[0];
            mode = disk.CaptureMode == CaptureMode.Data ? mode : disk.CaptureMode;
            long start = Stopwatch.GetTimestamp();
            await site.PointAfterNowAsync(cancellationToken);
            catchUp[run] = Stopwatch.GetElapsedTime(start).TotalSeconds;

            // Until all of it is in the vault, so that work put off is counted too.
            agent[run] = (site.AgentProcessorSeconds - agentBefore) / written.Requests * 1e6;
            appliance[run] = (site.ApplianceProcessorSeconds - applianceBefore) / written.Requests * 1e6;
            await using NbdkitPeer nbdkit = await NbdkitPeer.StartAsync(copy, context.NewPath("nbdkit.sock"), cancellationToken);
            theirs[run] = (await Fio.WriteAsync(nbdkit.Uri, pattern, blockSize, depth, cancellationToken)).BytesPerSecond / unitBytes;
        }

        File.Delete(copy);
        context.Results.Add(BenchResult.More(workload, Median.Of(ours), Median.Of(theirs), $"{NbdkitPeer.Command}; fio --ioengine=nbd --rw={pattern} --bs={blockSize} --iodepth={depth}", unit, goal));
        context.Remarks.Add(FormattableString.Invariant(
            $"{workload}: a point that holds everything written was there {Median.Of(catchUp):F1} s after the last write. A write cost {Median.Of(agent):F1} µs of processor time in the agent and {Median.Of(appliance):F1} µs in the appliance. {Describe(mode)}"));
    }

    private static string Describe(CaptureMode mode) => mode == CaptureMode.Data
        ? "Every write was captured in order."
        : $"The appliance could not keep up with the rate: capture went over to mode {mode}, in which regions are remembered and read again, as is meant to happen under overload.";
}
