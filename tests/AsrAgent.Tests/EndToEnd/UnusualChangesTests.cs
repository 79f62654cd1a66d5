using System;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>What ransomware does to a disk, with the real agent and the real appliance as processes.</summary>
public sealed class UnusualChangesTests
{
    private const string Code = "UnusualChanges";
    private const int LogBytes = 256 << 10;

    [Fact]
    public async Task Blocks_overwritten_with_random_bytes_raise_one_event_and_mark_the_last_point_before()
    {
        // Half of the disk is random already: its first copy must not raise anything.
        await using DrSite site = await DrSite.StartProtectedAsync(diskBytes: 128 << 20);
        await using IBlockDevice disk = await site.OpenDiskAsync();
        AsrRecoveryPoint calm = await site.PointAfterNowAsync();
        for (int round = 0; round < 12; round++)
        {
            await disk.WriteAsync(80 << 20, LogLines(round), TestContext.Current.CancellationToken);
            calm = await site.PointAfterNowAsync();
        }

        Assert.Null(calm.Anomaly);
        Assert.InRange(calm.Interval!.EntropyBits!.Value, 3, 6);
        Assert.Equal(0, calm.Interval.OpaqueBytes);
        Assert.True(calm.Interval.CompressionRatio > 1.5, $"{calm.Interval}");
        for (int offset = 0; offset < 96 << 20; offset += 1 << 20)
        {
            await DrSite.WriteAsync(disk, offset, 1 << 20);
        }

        AsrReplicatedMachine machine = await Eventually.SeeAsync("a health error", site.MachineAsync, seen => seen.HealthErrors.Any(error => error.Code == Code));

        Assert.Equal(EventSeverity.Warning, machine.HealthErrors.Single(error => error.Code == Code).Severity);
        AsrEvent raised = Assert.Single(await site.Operator.GetEventsAsync(), happened => happened.Code == Code);
        Assert.Contains("looks like random bytes", raised.Message, StringComparison.Ordinal);
        Assert.Contains("Start-AsrTestFailover", raised.Action, StringComparison.Ordinal);
        AsrRecoveryPoint[] points = [.. await site.Operator.GetPointsAsync(site.MachineId)];
        AsrRecoveryPoint showed = Assert.Single(points, point => point.Anomaly is not null);
        AsrRecoveryPoint last = Assert.Single(points, point => point.IsLastBeforeAnomaly);
        Assert.True(showed.Interval!.ChangedBytes > 0 && showed.Time > last.Time && last.Time >= calm.Time, $"{calm.Time:O} {last} {showed}");
        await site.RunAsync(new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = last.Id });
    }

    private static byte[] LogLines(int round)
    {
        StringBuilder text = new();
        for (int line = 0; text.Length < LogBytes; line++)
        {
            text.Append("2026-01-01T00:00:00 GET /orders/").Append((line * 7919) + round).Append(" 200 ").Append(line * 31 % 977).Append(" ms\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, LogBytes));
    }
}
