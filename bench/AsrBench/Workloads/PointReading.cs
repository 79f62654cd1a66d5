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

/// <summary>Reading a recovery point: through an export, and made into an image of its own.</summary>
internal static class PointReading
{
    private const string CopyCommand = "cp --sparse=always disk.img COPY && sync COPY";

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), context.ImagePath, cancellationToken);
        await site.ReplicateAsync(cancellationToken);
        string qcow = context.NewPath("disk.qcow2");
        await QcowPeer.ConvertAsync(context.ImagePath, qcow, cancellationToken);

        double mebibytes = context.Options.ImageBytes / (double)(1 << 20);
        double ours = await Median.OfRunsAsync(context.Options.Runs, _ => ReadPointAsync(site, cancellationToken));
        double theirs = await Median.OfRunsAsync(context.Options.Runs, async _ =>
        {
            await DropCachesAsync(cancellationToken);
            await using QcowPeer peer = await QcowPeer.StartAsync(qcow, context.NewPath("qcow.sock"), cancellationToken);
            return await Shell.TimeAsync($"nbdcopy '{peer.Uri}' null:", cancellationToken);
        });
        context.Results.Add(BenchResult.More("Cold point by NBD, sequential / qemu-nbd", mebibytes / ours, mebibytes / theirs, QcowPeer.Command, "MiB/s", 1.0));

        double materialized = await Median.OfRunsAsync(context.Options.Runs, _ => MaterializeAsync(site, context.NewPath("drill"), cancellationToken));
        string copy = context.NewPath("copy.img");
        double copied = await Median.OfRunsAsync(context.Options.Runs, _ => Shell.TimeAsync($"rm -f {copy}; cp --sparse=always {context.ImagePath} {copy} && sync {copy}", cancellationToken));
        File.Delete(copy);
        context.Results.Add(BenchResult.More("Materialise a point / cp --sparse", mebibytes / materialized, mebibytes / copied, CopyCommand, "MiB/s", 0.6));
        context.Remarks.Add("Cold point by NBD: nbdcopy to null: from a test failover's export, the page cache dropped before. Materialise: the whole test failover job, SHA-256 of the copy included, which cp does not make.");
    }

    private static async Task<double> ReadPointAsync(BenchSite site, CancellationToken cancellationToken)
    {
        await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.TestFailover }, cancellationToken);
        AsrReplicatedMachine machine = await site.Operator.GetMachineAsync(site.MachineId, cancellationToken);
        await DropCachesAsync(cancellationToken);
        double seconds = await Shell.TimeAsync($"nbdcopy '{machine.TestFailover!.Disks[0].ExportUri}' null:", cancellationToken);
        await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover }, cancellationToken);
        return seconds;
    }

    private static async Task<double> MaterializeAsync(BenchSite site, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        long start = Stopwatch.GetTimestamp();
        await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.TestFailover, Folder = folder, Materialize = true }, cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover }, cancellationToken);
        return seconds;
    }

    // Without root the page cache stays; then both are read warm.
    private static Task DropCachesAsync(CancellationToken cancellationToken) =>
        Shell.RunAsync("sync; if [ -w /proc/sys/vm/drop_caches ]; then (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null || true; fi", cancellationToken);
}
