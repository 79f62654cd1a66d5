using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Testing;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class InstantTests
{
    private const int DiskBytes = 4 << 20;

    [Fact]
    public async Task Instants_come_while_something_changes_and_are_told_until_a_report_has_arrived()
    {
        await using ReplicationRig rig = new(diskCount: 2, DiskBytes);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await WriteAsync(rig, 1);
        MachineInstant first = (await rig.UntilAsync(report => report.Instants.Count > 0)).Instants[0];
        Assert.Equal(rig.DiskIds.Order(), first.Disks.Select(disk => disk.DiskId).Order());

        await WriteAsync(rig, 2);
        AgentReport report = await rig.UntilAsync(report => report.Instants.Count > 1);
        Assert.Same(first, report.Instants[0]);
        Assert.True(report.Instants[1].Time > first.Time);
        Assert.Contains(report.Instants[1].Disks, disk => disk.Position.Sequence > first.Disks.First(other => other.DiskId == disk.DiskId).Position.Sequence);

        rig.Replicator.NoteReported(report);
        Assert.DoesNotContain(first, rig.Replicator.GetReport().Instants);
    }

    [Fact]
    public async Task No_instant_is_noted_while_a_disk_is_behind_and_none_is_told_that_has_not_arrived()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 32 << 20, queueBytesMax: 4 << 20);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        await WriteAsync(rig, 1);
        await rig.UntilAsync(report => report.Instants.Count > 0);
        rig.Sink.Faults.IsDown = true;
        for (int i = 0; i < 4 * 512; i++)
        {
            await rig.Disks[0].WriteAsync(i % 512 * 65536L, ReplicationTests.Content(i, 32768), TestContext.Current.CancellationToken);
        }

        AgentReport behind = await rig.UntilAsync(report => !report.InSync);
        rig.Replicator.NoteReported(behind);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Empty(rig.Replicator.GetReport().Instants);

        rig.Sink.Faults.IsDown = false;
        await rig.UntilAsync(report => report.InSync && report.Instants.Count > 0);
    }

    [Fact]
    public async Task A_report_takes_a_bounded_number_and_the_oldest_make_room()
    {
        await using ReplicationRig rig = new(diskCount: 1, DiskBytes);
        rig.StartAgent();
        await rig.ReplicateUntilInSyncAsync();
        using CancellationTokenSource stop = new();
        Task writing = new StampedWriters(1, 1, DiskBytes).RunAsync(rig.Disks, stop.Token);
        List<DateTimeOffset> told = [];

        AgentReport report = await rig.UntilAsync(report => report.Instants.Count == ReplicationLimits.InstantsPerReportMax);
        while (told.Count < 3 * ReplicationLimits.InstantsPerReportMax)
        {
            told.AddRange(report.Instants.Select(instant => instant.Time));
            rig.Replicator.NoteReported(report);
            report = await rig.UntilAsync(next => next.Instants.Count > 0);
        }

        await stop.CancelAsync();
        await writing;
        Assert.Equal(told.Distinct().Order(), told);
    }

    private static Task WriteAsync(ReplicationRig rig, int seed) =>
        rig.Disks[0].WriteAsync(seed * 4096L, ReplicationTests.Content(seed, 4096), TestContext.Current.CancellationToken).AsTask();
}
