using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.State;
using Asr.Agent.Tests.EndToEnd;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>Recovery points of a disk with a database at work: from each the database starts, is consistent, and has every transaction acknowledged before.</summary>
public sealed class DatabasePointTests
{
    private static readonly bool _isSoak = Environment.GetEnvironmentVariable("ASR_SOAK") == "1";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "Soak")]
    public async Task ADatabaseStartsFromAnyPointWithAllThatItHadAcknowledged()
    {
        PostgresServer.Require();
        int seed = Random.Shared.Next();
        int opened = _isSoak ? 20 : 2;
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}; {opened} points are opened" + (_isSoak ? "" : ", 20 with ASR_SOAK=1"));
        await using LoopDisk disk = await LoopDisk.CreateAsync(320 << 20);
        await disk.FormatAsync("ext4");
        await disk.MountAsync();

        // The folder that it is mounted in is closed to others.
        await RealTools.CheckAsync("chmod", "o+x", Path.GetDirectoryName(disk.MountPoint)!);
        string data = Path.Combine(disk.MountPoint, "pg");
        await PostgresServer.CreateAsync(data);
        await using DrSite site = await DrSite.StartProtectedAsync(machineDisk: disk);
        SortedList<DateTimeOffset, int> acknowledged = [];
        DateTimeOffset loaded;
        await using (PostgresServer server = await PostgresServer.StartAsync(data))
        {
            await server.PgbenchAsync("-i", "-s", "2", "-q");
            await server.QueryAsync("CREATE TABLE acknowledged (number int PRIMARY KEY)");
            loaded = TimeProvider.System.GetUtcNow();
            await RunLoadAsync(server, TimeSpan.FromSeconds(_isSoak ? 50 : 8), acknowledged);
            await site.PointAfterNowAsync();
            double? frozen = StateFile.Read<AgentStatus>(StateFolder.Open(site.StatePath).StatusFile)!.Report.LastFreezeMs;
            Assert.True(frozen > 0, "The agent tells no freeze.");
        }

        // Its own process has ended: a second server refuses data that names one which lives.
        AsrRecoveryPoint[] points = [.. (await site.Operator.GetPointsAsync(site.MachineId)).Where(point => point.Time > loaded)];
        Assert.True(points.Length >= opened, $"{points.Length} points were made under load.");
        new Random(seed).Shuffle(points);
        foreach (AsrRecoveryPoint point in points.Take(opened))
        {
            await RequireConsistentAsync(site, point, acknowledged);
        }
    }

    private static async Task RunLoadAsync(PostgresServer server, TimeSpan time, SortedList<DateTimeOffset, int> acknowledged)
    {
        Task transfers = server.PgbenchAsync("-n", "-c", "4", "-T", time.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        using Process client = server.StartClient();
        try
        {
            for (int number = 1; !transfers.IsCompleted; number++)
            {
                await client.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO acknowledged VALUES ({number});").AsMemory(), Stop);
                await client.StandardInput.FlushAsync(Stop);
                Assert.Equal("INSERT 0 1", await client.StandardOutput.ReadLineAsync(Stop));
                acknowledged.Add(TimeProvider.System.GetUtcNow(), number);
            }
        }
        finally
        {
            client.Kill();
        }

        await transfers;
    }

    private static async Task RequireConsistentAsync(DrSite site, AsrRecoveryPoint point, SortedList<DateTimeOffset, int> acknowledged)
    {
        string image = site.At($"{point.Id:N}.img");
        await site.CopyDrillAsync(point.Id, image);
        await using (MountedImage mounted = await MountedImage.MountAsync(image))
        {
            await using PostgresServer server = await PostgresServer.StartAsync(Path.Combine(mounted.Path, "pg"));
            string[] sums = (await server.QueryAsync(
                """
                SELECT (SELECT sum(bbalance) FROM pgbench_branches), (SELECT sum(tbalance) FROM pgbench_tellers),
                    (SELECT sum(abalance) FROM pgbench_accounts), (SELECT coalesce(sum(delta), 0) FROM pgbench_history)
                """)).Split('|');
            Assert.True(sums.Distinct().Count() == 1, $"The point of {point.Time:O} has branches, tellers, accounts and history of {string.Join(", ", sums)}.");

            int before = acknowledged.Where(entry => entry.Key < point.Time).Select(entry => entry.Value).LastOrDefault();
            int found = int.Parse(await server.QueryAsync($"SELECT count(*) FROM acknowledged WHERE number <= {before}"), CultureInfo.InvariantCulture);
            Assert.True(found == before, $"The point of {point.Time:O} has {found} of {before} transactions acknowledged before it.");
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"{point.Time:O}: sums of {sums[0]}, {found} acknowledged, {await server.QueryAsync("SELECT count(*) FROM pgbench_history")} transfers");
        }

        File.Delete(image);
    }
}
