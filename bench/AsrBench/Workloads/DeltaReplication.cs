using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Peers;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;
using Asr.Contracts;

namespace Asr.Bench.Workloads;

/// <summary>1 % of the disk's blocks change at random; how long until a recovery point holds them, and what travels and is stored.</summary>
internal static class DeltaReplication
{
    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), context.ImagePath, cancellationToken);
        await site.ReplicateAsync(cancellationToken);
        ResticPeer restic = new(context.NewPath("restic"));
        BorgPeer borg = new(context.NewPath("borg"), "--chunker-params fixed,65536 ");
        await restic.InitializeAsync(cancellationToken);
        await restic.BackUpAsync(context.ImagePath, cancellationToken);
        await borg.InitializeAsync(cancellationToken);
        await borg.BackUpAsync(context.ImagePath, cancellationToken);

        int writes = (int)(context.Options.ImageBytes / RandomWriter.BlockBytes / 100);
        double changed = (double)writes * RandomWriter.BlockBytes;
        List<Sample> samples = [];
        for (int run = 0; run < context.Options.Runs; run++)
        {
            samples.Add(await MeasureAsync(context, site, restic, borg, writes, run, cancellationToken));
        }

        double Middle(Func<Sample, double> of) => Median.Of(samples.ConvertAll(sample => of(sample)));
        double ours = Middle(sample => sample.PointSeconds);
        context.Results.Add(BenchResult.Less("1 % changed, until a point / restic", ours, Middle(sample => sample.ResticSeconds), ResticPeer.Command, "s", 20));
        context.Results.Add(BenchResult.Less("1 % changed, until a point / borg 64 KiB", ours, Middle(sample => sample.BorgSeconds), borg.Command, "s", 8));
        context.Results.Add(BenchResult.Bound("1 % changed, bytes sent", Middle(sample => sample.SentBytes) / (1 << 20), changed / (1 << 20), "bytes changed", "MiB", 1.15));
        context.Results.Add(BenchResult.Bound("1 % changed, bytes stored", Middle(sample => sample.StoredBytes) / (1 << 20), changed / (1 << 20), "bytes changed", "MiB", 1.15));
        context.Results.Add(BenchResult.Less(
            "1 % changed, bytes stored / restic", Middle(sample => sample.StoredBytes) / (1 << 20), Middle(sample => sample.ResticBytes) / (1 << 20), ResticPeer.Command, "MiB"));
        context.Results.Add(BenchResult.Less(
            "1 % changed, bytes stored / borg 64 KiB", Middle(sample => sample.StoredBytes) / (1 << 20), Middle(sample => sample.BorgBytes) / (1 << 20), borg.Command, "MiB"));
        context.Remarks.Add(FormattableString.Invariant(
            $"1 % changed: incompressible 4 KiB writes through the agent's export. Timed from the end of the last write until a recovery point asked for then is published; shipping goes on while the writes happen, which took {Middle(sample => sample.WriteSeconds):F2} s by themselves. The peers are timed from the end of the writes too, which is all they can do: they read the whole image."));
    }

    private static async Task<Sample> MeasureAsync(
        BenchContext context, BenchSite site, ResticPeer restic, BorgPeer borg, int writes, int run, CancellationToken cancellationToken)
    {
        AsrDisk diskBefore = await site.GetDiskAsync(cancellationToken);
        double vaultBefore = await Shell.SizeAsync(site.VaultPath, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        await RandomWriter.WriteAsync(site.ExportUri, writes, run, cancellationToken);
        double writeSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        await site.Operator.RunAsync(site.MachineId, new OperationRequest { Operation = MachineOperation.CreateRecoveryPoint }, cancellationToken);
        double pointSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double stored = await Shell.SizeAsync(site.VaultPath, cancellationToken) - vaultBefore;
        AsrDisk diskAfter = await site.GetDiskAsync(cancellationToken);

        double resticBefore = await restic.SizeAsync(cancellationToken);
        double resticSeconds = await restic.BackUpAsync(context.ImagePath, cancellationToken);
        double borgBefore = await borg.SizeAsync(cancellationToken);
        double borgSeconds = await borg.BackUpAsync(context.ImagePath, cancellationToken);
        return new Sample(
            pointSeconds, writeSeconds, diskAfter.WireBytes - diskBefore.WireBytes, stored,
            resticSeconds, await restic.SizeAsync(cancellationToken) - resticBefore, borgSeconds, await borg.SizeAsync(cancellationToken) - borgBefore);
    }

    private sealed record Sample(
        double PointSeconds, double WriteSeconds, double SentBytes, double StoredBytes, double ResticSeconds, double ResticBytes, double BorgSeconds, double BorgBytes);
}
