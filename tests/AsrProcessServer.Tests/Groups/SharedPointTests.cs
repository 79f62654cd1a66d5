using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Groups;

/// <summary>Two machines of one group over a real vault: the points that they have in common, and those that they must not have.</summary>
public sealed class SharedPointTests
{
    private static CancellationToken Stop => RecoveryLab.Stop;

    [Fact]
    public async Task Shared_points_are_of_one_moment_for_writes_that_go_from_machine_to_machine()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent web = await LabAgent.StartAsync(lab, diskCount: 2, name: "web");
        await using LabAgent db = await LabAgent.StartAsync(lab, diskCount: 1, name: "db");
        await ProtectAsync(lab, web, db);

        using CancellationTokenSource load = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Task writing = WriteInTurnAsync(web.Disks[1], db.Disks[0], load.Token);
        Dictionary<Guid, AsrRecoveryPoint[]> shared = await SharedAsync(lab, [web, db], count: 4);
        await load.CancelAsync();
        await writing;
        foreach (AsrRecoveryPoint[] points in shared.Values)
        {
            Assert.Equal([web.MachineId, db.MachineId], points.Select(point => point.MachineId));
            long first = await ReadAsync(lab, points[0], web.Disks[1].Id);
            long second = await ReadAsync(lab, points[1], db.Disks[0].Id);
            Assert.InRange(first - second, 0, 1);
        }

        // Beside them no machine makes points of its own.
        AsrRecoveryPoint[] all = [.. await lab.Points.ListAsync(web.MachineId, 1000, Stop)];
        Assert.True(all.Count(point => point.MultiMachine is null) <= 3, string.Join(", ", all.Select(point => $"{point.Time:O} {point.MultiMachine?.Id}")));
    }

    [Theory]
    [InlineData(ConsistencyPhase.Ready)]
    [InlineData(ConsistencyPhase.AtRest)]
    [InlineData(ConsistencyPhase.Held)]
    public async Task A_machine_that_is_cut_off_in_the_middle_costs_the_others_their_budget_and_nothing_else(ConsistencyPhase phase)
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent web = await LabAgent.StartAsync(lab, name: "web");
        await using LabAgent db = await LabAgent.StartAsync(lab, name: "db");
        await ProtectAsync(lab, web, db);
        await SharedAsync(lab, [web, db], count: 1);
        Guid cutRound = Guid.Empty;
        db.OnStep = step =>
        {
            if (step.Phase == phase)
            {
                cutRound = step.RoundId;
                db.IsSilent = true;
            }

            return Task.CompletedTask;
        };
        await UntilAsync(() => Task.FromResult(db.IsSilent));

        // The other goes on writing and making points of its own.
        await web.Disks[0].WriteAsync(0, new byte[4096], Stop);
        DateTimeOffset cutAt = TimeProvider.System.GetUtcNow();
        await UntilAsync(async () => (await lab.Points.ListAsync(web.MachineId, 1, Stop))[0] is { MultiMachine: null } point && point.Time > cutAt);
        await UntilAsync(async () => (await lab.Machines.GetAsync(web.MachineId, Stop)).HealthErrors.Any(error => error.Code == "SharedPointsMissing" && error.Message.Contains("'db'", StringComparison.Ordinal)));
        AsrEvent told = (await lab.EventsAsync()).First(told => told.Code == "ConsistencyRoundFailed");
        Assert.Equal(("db", db.MachineId), (told.MachineName, told.MachineId));

        db.OnStep = null;
        db.IsSilent = false;
        DateTimeOffset backAt = TimeProvider.System.GetUtcNow();
        await UntilAsync(async () => (await lab.Points.ListAsync(web.MachineId, 1, Stop))[0] is { MultiMachine: not null } point && point.Time > backAt);
        foreach (LabAgent agent in new[] { web, db })
        {
            Assert.DoesNotContain(await lab.Points.ListAsync(agent.MachineId, 1000, Stop), point => point.MultiMachine?.Id == cutRound);
        }

        await UntilAsync(async () => (await lab.Machines.GetAsync(web.MachineId, Stop)).HealthErrors.Count == 0);
    }

    [Theory]
    [InlineData(ConsistencyPhase.Ready)]
    [InlineData(ConsistencyPhase.Held)]
    public async Task An_appliance_that_restarts_in_the_middle_of_a_round_has_all_of_its_points_or_none(ConsistencyPhase phase)
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent web = await LabAgent.StartAsync(lab, name: "web");
        await using LabAgent db = await LabAgent.StartAsync(lab, name: "db");
        await ProtectAsync(lab, web, db);
        for (int restart = 0; restart < 3; restart++)
        {
            await SharedAsync(lab, [web, db], count: 1);
            TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
            db.OnStep = step =>
            {
                if (step.Phase == phase)
                {
                    reached.TrySetResult();
                }

                return Task.CompletedTask;
            };
            await reached.Task.WaitAsync(Stop);
            db.OnStep = null;
            await lab.RestartAsync();
        }

        await SharedAsync(lab, [web, db], count: 1);
        await UntilAsync(async () => (await IdsAsync(lab, web)).SetEquals(await IdsAsync(lab, db)));
    }

    [Fact]
    public async Task A_shared_point_is_app_consistent_when_the_applications_of_every_machine_were_at_rest()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent web = await LabAgent.StartAsync(lab, name: "web");
        await using LabAgent db = await LabAgent.StartAsync(lab, name: "db");
        await lab.Services.GetRequiredService<IPolicyStore>().PutAsync(
            new AsrReplicationPolicy { Name = "gold", CrashConsistentFrequencySeconds = 3600, AppConsistentFrequencyHours = 1 }, create: false, Stop);
        await ProtectAsync(lab, web, db);
        (web.Prepared, db.Prepared) = (1, 2);
        AsrRecoveryPoint[] points = await AtTheHourAsync();
        Assert.All(points, point => Assert.Equal((RecoveryPointType.AppConsistent, null), (point.Type, point.AppConsistencyError)));

        db.ReleaseError = new AsrError { Code = AsrErrorCode.AppConsistencyFailed, Message = "post failed" };
        points = await AtTheHourAsync();
        Assert.All(points, point => Assert.Equal((RecoveryPointType.CrashConsistent, "On 'db': post failed"), (point.Type, point.AppConsistencyError?.Message)));

        (db.ReleaseError, web.Prepared) = (null, 0);
        points = await AtTheHourAsync();
        Assert.All(points, point => Assert.StartsWith("On 'web': No script", point.AppConsistencyError?.Message, StringComparison.Ordinal));

        async Task<AsrRecoveryPoint[]> AtTheHourAsync()
        {
            // Shortly before it, so that both machines are heard of by the new clock when it comes.
            long hour = TimeSpan.TicksPerHour - (lab.Time.GetUtcNow().UtcTicks % TimeSpan.TicksPerHour);
            lab.Time.Advance(TimeSpan.FromTicks(hour) - TimeSpan.FromSeconds(4));
            return (await SharedAsync(lab, [web, db], count: 1)).Values.Single();
        }
    }

    [Fact]
    public async Task The_rules_of_groups_have_names()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent web = await LabAgent.StartAsync(lab, name: "web");
        await using LabAgent db = await LabAgent.StartAsync(lab, name: "db");
        Assert.Equal(AsrErrorCode.OperationNotAllowed, (await Assert.ThrowsAsync<AsrException>(() => lab.Machines.SetConsistencyGroupAsync(web.MachineId, "shop", Stop))).Code);
        await ProtectAsync(lab, web);
        await lab.Services.GetRequiredService<IPolicyStore>().PutAsync(new AsrReplicationPolicy { Name = "other" }, create: true, Stop);
        OperationRequest enable = new() { Operation = MachineOperation.EnableReplication, PolicyName = "other", ConsistencyGroup = "Shop" };
        Assert.Equal(AsrErrorCode.ConsistencyGroupPolicyDiffers, (await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(db.MachineId, enable))).Code);
        Assert.Equal("shop", (await lab.Machines.GetAsync(web.MachineId, Stop)).ConsistencyGroup);
        Assert.Null((await lab.Machines.SetConsistencyGroupAsync(web.MachineId, null, Stop)).ConsistencyGroup);
        Assert.Equal(JobState.Succeeded, (await lab.RunAsync(db.MachineId, enable)).State);
        Assert.Equal(AsrErrorCode.ConsistencyGroupPolicyDiffers, (await Assert.ThrowsAsync<AsrException>(() => lab.Machines.SetConsistencyGroupAsync(web.MachineId, "shop", Stop))).Code);
        Assert.Equal(JobState.Succeeded, (await lab.RunAsync(db.MachineId, new OperationRequest { Operation = MachineOperation.DisableReplication })).State);
        Assert.Null((await lab.Machines.GetAsync(db.MachineId, Stop)).ConsistencyGroup);
    }

    private static async Task ProtectAsync(RecoveryLab lab, params LabAgent[] agents)
    {
        foreach (LabAgent agent in agents)
        {
            AsrJob job = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold", ConsistencyGroup = "shop" });
            Assert.Equal(JobState.Succeeded, job.State);
        }
    }

    // Counter n to the first machine, and once that is done, to the second.
    private static async Task WriteInTurnAsync(IBlockDevice first, IBlockDevice second, CancellationToken stop)
    {
        for (long n = 1; !stop.IsCancellationRequested; n++)
        {
            byte[] block = new byte[4096];
            BitConverter.TryWriteBytes(block, n);
            await first.WriteAsync(8192, block, CancellationToken.None);
            await second.WriteAsync(8192, block, CancellationToken.None);
        }
    }

    private static async Task<long> ReadAsync(RecoveryLab lab, AsrRecoveryPoint point, Guid diskId)
    {
        byte[] block = new byte[8];
        await lab.Replication!.ReadPointAsync(diskId, point.Id, 8192, block, Stop);
        return BitConverter.ToInt64(block);
    }

    /// <summary>Waits for so many shared points later than now that all machines have.</summary>
    private static async Task<Dictionary<Guid, AsrRecoveryPoint[]>> SharedAsync(RecoveryLab lab, LabAgent[] agents, int count)
    {
        DateTimeOffset from = TimeProvider.System.GetUtcNow();
        Dictionary<Guid, AsrRecoveryPoint[]> shared = [];
        await UntilAsync(async () =>
        {
            List<AsrRecoveryPoint> points = [];
            foreach (LabAgent agent in agents)
            {
                points.AddRange((await lab.Points.ListAsync(agent.MachineId, 1000, Stop)).Where(point => point.MultiMachine is not null && point.Time > from));
            }

            shared = points.GroupBy(point => point.MultiMachine!.Id).Where(group => group.Count() == agents.Length).ToDictionary(group => group.Key, group => group.ToArray());
            return shared.Count >= count;
        });
        return shared;
    }

    private static async Task<HashSet<Guid>> IdsAsync(RecoveryLab lab, LabAgent agent) =>
        [.. (await lab.Points.ListAsync(agent.MachineId, 1000, Stop)).Select(point => point.MultiMachine?.Id).OfType<Guid>()];

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (!await isSo())
        {
            await Task.Delay(50, limit.Token);
        }
    }
}
