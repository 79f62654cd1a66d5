using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Peers;
using Asr.Bench.Processes;
using Asr.Bench.Reports;
using Asr.Bench.Site;

namespace Asr.Bench.Workloads;

/// <summary>From nothing to the first recovery point, and what the vault then weighs.</summary>
internal static class InitialReplication
{
    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        List<double> walls = [];
        List<double> processor = [];
        double vaultBytes = 0;
        (long Stored, long Index) weight = default;
        for (int run = 0; run < context.Options.Runs; run++)
        {
            await using BenchSite site = await BenchSite.StartAsync(context.Options, context.NewPath("site"), context.ImagePath, cancellationToken);
            double processorBefore = site.ProcessorSeconds;
            walls.Add(await site.ReplicateAsync(cancellationToken));
            processor.Add(site.ProcessorSeconds - processorBefore);
            vaultBytes = await Shell.SizeAsync(site.VaultPath, cancellationToken);
            weight = VaultFiles.Weigh(site.VaultPath);
        }

        double ours = Median.Of(walls);
        await CompareWithBorgAsync(context, ours, vaultBytes, cancellationToken);
        foreach ((string compressor, double goal) in new[] { ("lz4 -1", 1.8), ("zstd -1 -T2", 1.0) })
        {
            StreamPeer peer = new(compressor);
            double seconds = await Median.OfRunsAsync(context.Options.Runs, _ => peer.CopyAsync(context.ImagePath, context.NewPath("stream"), cancellationToken));
            context.Results.Add(BenchResult.Less($"Initial replication / {compressor.Split(' ')[0]}, openssl", ours, seconds, peer.Command, "s", goal));
        }

        context.Results.Add(BenchResult.Bound("Index after initial replication / stored data", weight.Index / 1024.0, weight.Stored / 1024.0 / 500, "a 500th of the stored data", "KiB", 1));
        double floor = await Median.OfRunsAsync(context.Options.Runs, _ => Task.Run(() => ProcessorFloor.Measure(context.ImagePath), cancellationToken));
        context.Results.Add(BenchResult.Bound("Initial replication / CPU floor, wall", ours, floor, ProcessorFloor.Description, "s", 1.4));
        context.Remarks.Add(System.FormattableString.Invariant(
            $"Initial replication: wall time from asking for it until the first recovery point is published, policy of one point a second. Agent and appliance used {Median.Of(processor):F1} processor seconds."));
    }

    private static async Task CompareWithBorgAsync(BenchContext context, double ours, double vaultBytes, CancellationToken cancellationToken)
    {
        double repositoryBytes = 0;
        string command = "";
        double seconds = await Median.OfRunsAsync(context.Options.Runs, async _ =>
        {
            BorgPeer borg = new(context.NewPath("borg"), "");
            await borg.InitializeAsync(cancellationToken);
            double wall = await borg.BackUpAsync(context.ImagePath, cancellationToken);
            repositoryBytes = await borg.SizeAsync(cancellationToken);
            command = borg.Command;
            return wall;
        });
        context.Results.Add(BenchResult.Less("Initial replication / borg", ours, seconds, command, "s", 2.5));
        context.Results.Add(BenchResult.Bound("Vault size / borg repository", vaultBytes / (1 << 20), repositoryBytes / (1 << 20), command, "MiB", 1.1));
    }
}
