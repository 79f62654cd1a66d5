using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Recovery;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Jobs;

/// <summary>Verifications as jobs, what is told and kept of them, the schedule, and the bandwidth limit.</summary>
public sealed class VerificationJobTests
{
    private const int Block = ReplicationLimits.DigestBlockBytes;

    [Fact]
    public async Task An_equal_replica_is_noted_on_the_point_and_on_the_machine()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);

        AsrJob job = await LabOperations.SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.VerifyReplication });

        Assert.True(job.Verification!.IsEqual);
        Assert.Equal(2, job.Verification.Disks.Count);
        AsrRecoveryPoint point = (await lab.Points.FindAsync(agent.MachineId, job.Verification.RecoveryPointId!.Value, RecoveryLab.Stop))!;
        Assert.Equal(RecoveryPointReason.Verification, point.Reason);
        Assert.Equal((job.Id, 8L << 20, 0L, 0L, 0L), (point.Verification!.VerificationId, point.Verification.EqualBytes, point.Verification.EqualLaterBytes, point.Verification.DifferentBytes, point.Verification.UncomparedBytes));
        AsrReplicatedMachine machine = await LabOperations.MachineAsync(lab, agent);
        Assert.Equal(job.Verification.EndTime, machine.VerifiedAt);
        Assert.Equal(job.Id, machine.LastVerification!.Id);
        Assert.DoesNotContain(machine.HealthErrors, error => error.Code == "ReplicaDiffers");
        Assert.Null((await lab.Machines.GetAssignmentAsync(agent.MachineId, null, RecoveryLab.Stop)).VerificationId);
    }

    [Fact]
    public async Task A_write_that_the_capture_missed_is_told_with_its_place_mended_and_over_with_the_next_verification()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        await agent.Devices[1].WriteAsync((2 << 20) + 100, new byte[] { 1, 2, 3 }, RecoveryLab.Stop);

        AsrJob job = await LabOperations.SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.VerifyReplication });

        Assert.Equal([new DiskRange(2 << 20, Block)], job.Verification!.Disks.Single(disk => disk.DiskId == agent.Disks[1].Id).Differences);
        HealthError error = await UntilHealthAsync(lab, agent, "ReplicaDiffers", told: true);
        Assert.Equal(EventSeverity.Critical, error.Severity);
        Assert.Contains($"{Block} bytes at {2 << 20}", error.Message, StringComparison.Ordinal);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == "ReplicaDiffers" && happened.MachineId == agent.MachineId);
        AsrRecoveryPoint compared = (await lab.Points.FindAsync(agent.MachineId, job.Verification.RecoveryPointId!.Value, RecoveryLab.Stop))!;
        Assert.Equal(Block, compared.Verification!.DifferentBytes);

        AsrRecoveryPoint next = await LabOperations.CreatePointAsync(lab, agent);
        await using (Engine.Blocks.IBlockDevice image = await lab.Vault.OpenAsync(
            agent.Disks[1].Id, next.Disks.Where(disk => disk.DiskId == agent.Disks[1].Id).Select(disk => new StreamPosition(disk.Epoch, disk.Sequence)).Single(), RecoveryLab.Stop))
        {
            Assert.Equal(await LabAgent.HashAsync(agent.Disks[1]), await LabAgent.HashAsync(image));
        }

        AsrJob again = await LabOperations.SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.VerifyReplication });
        Assert.True(again.Verification!.IsEqual);
        await UntilHealthAsync(lab, agent, "ReplicaDiffers", told: false);
    }

    [Fact]
    public async Task It_outlives_a_restart_of_the_appliance_keeps_others_out_and_can_be_stopped()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        OperationRequest slow = new() { Operation = MachineOperation.VerifyReplication, BytesPerSecondMax = ReplicationLimits.BytesPerSecondMin };
        AsrJob job = await lab.StartAsync(agent.MachineId, slow);
        await UntilAsync(lab, agent, async () => (await lab.Machines.GetAssignmentAsync(agent.MachineId, null, RecoveryLab.Stop)).VerificationId == job.Id);
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(agent.MachineId, slow));
        Assert.Equal(AsrErrorCode.OperationNotAllowed, refused.Code);

        await lab.RestartAsync();
        await LabOperations.CreatePointAsync(lab, agent);
        Assert.Equal(JobState.InProgress, (await lab.Jobs.GetAsync(job.Id, null, RecoveryLab.Stop)).State);
        await lab.Jobs.CancelAsync(job.Id, "tester", RecoveryLab.Stop);

        AsrJob stopped = await lab.EndOfAsync(job.Id);
        Assert.Equal((JobState.Cancelled, AsrErrorCode.Cancelled), (stopped.State, stopped.Error!.Code));
        Assert.Null((await lab.Machines.GetAssignmentAsync(agent.MachineId, null, RecoveryLab.Stop)).VerificationId);
        Assert.True((await LabOperations.SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.VerifyReplication })).Verification!.IsEqual);
    }

    [Fact]
    public async Task What_an_agent_found_before_it_restarted_or_was_told_to_stop_is_not_forgotten()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        agent.IsSilent = true;
        AsrReplicatedMachine before = await LabOperations.MachineAsync(lab, agent);
        AsrJob job = await lab.StartAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.VerifyReplication });
        await UntilAsync(lab, agent, async () => (await lab.Machines.GetAssignmentAsync(agent.MachineId, null, RecoveryLab.Stop)).VerificationId == job.Id);
        VerifiedDisk equal = new() { DiskId = agent.Disks[0].Id, Name = "disk0", SizeBytes = 4 << 20, EqualBytes = 4 << 20 };
        VerifiedDisk different = equal with { EqualBytes = equal.EqualBytes - Block, DifferentBytes = Block, Differences = [new DiskRange(0, Block)] };
        AsrVerification first = new() { Id = job.Id, RecoveryPointId = Guid.NewGuid(), Disks = [different] };
        AsrVerification second = first with { RecoveryPointId = Guid.NewGuid(), Disks = [equal], EndTime = lab.Time.GetUtcNow() };
        await ReportAsync(first);
        await ReportAsync(first);
        await ReportAsync(second);

        AsrJob ended = await lab.EndOfAsync(job.Id);
        Assert.False(ended.Verification!.IsEqual);
        Assert.Equal([new DiskRange(0, Block)], Assert.Single(ended.Verification.Disks).Differences);
        AsrReplicatedMachine machine = await LabOperations.MachineAsync(lab, agent);
        Assert.Equal(before.VerifiedAt, machine.VerifiedAt);
        Assert.Contains(machine.HealthErrors, error => error.Code == "ReplicaDiffers");

        // The agent had found it when the job was stopped, and tells it now.
        AsrVerification stopped = first with { Id = Guid.NewGuid() };
        await ReportAsync(stopped);
        Assert.Equal(stopped.Id, (await LabOperations.MachineAsync(lab, agent)).LastVerification!.Id);

        Task ReportAsync(AsrVerification told) => lab.Machines.ReportAsync(agent.MachineId, new AgentReport { Disks = before.Disks, Verification = told }, RecoveryLab.Stop);
    }

    [Fact]
    public async Task It_fails_with_the_reason_when_replication_is_paused()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrJob job = await lab.StartAsync(
            agent.MachineId, new OperationRequest { Operation = MachineOperation.VerifyReplication, BytesPerSecondMax = ReplicationLimits.BytesPerSecondMin });
        await UntilAsync(lab, agent, async () => (await lab.Machines.GetAssignmentAsync(agent.MachineId, null, RecoveryLab.Stop)).VerificationId == job.Id);

        await LabOperations.SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PauseReplication });

        AsrJob failed = await lab.EndOfAsync(job.Id);
        Assert.Contains(failed.Error!.Code, new[] { AsrErrorCode.OperationNotAllowed, AsrErrorCode.Cancelled });
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.VerifyReplication }));
        Assert.Equal(AsrErrorCode.OperationNotAllowed, refused.Code);
    }

    [Fact]
    public async Task The_appliance_verifies_by_itself_when_the_policy_says_so_and_tells_when_it_is_overdue()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        MachineMonitor monitor = lab.Services.GetServices<IHostedService>().OfType<MachineMonitor>().Single();
        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        Assert.DoesNotContain(await lab.Jobs.ListAsync(100, RecoveryLab.Stop), job => job.Operation == MachineOperation.VerifyReplication);

        await agent.Devices[0].WriteAsync(0, new byte[] { 9 }, RecoveryLab.Stop);
        lab.Time.Advance(TimeSpan.FromDays(7));
        AsrJob found = await UntilScheduledAsync(lab, agent, monitor, after: 0);
        Assert.Equal("appliance", found.RequestedBy);
        Assert.Equal(Block, found.Verification!.Disks.Sum(disk => disk.DifferentBytes));

        // One that found something does not count, and is repeated after a while.
        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        Assert.Single(await lab.Jobs.ListAsync(100, RecoveryLab.Stop), job => job.Operation == MachineOperation.VerifyReplication);
        lab.Time.Advance(TimeSpan.FromDays(7));
        await UntilHealthAsync(lab, agent, "VerificationOverdue", told: true);
        Assert.True((await UntilScheduledAsync(lab, agent, monitor, after: 1)).Verification!.IsEqual);
        await UntilHealthAsync(lab, agent, "VerificationOverdue", told: false);

        IPolicyStore policies = lab.Services.GetRequiredService<IPolicyStore>();
        await policies.PutAsync(await policies.GetAsync("gold", RecoveryLab.Stop) with { VerificationFrequencyDays = 0 }, create: false, RecoveryLab.Stop);
        lab.Time.Advance(TimeSpan.FromDays(30));
        await UntilAsync(lab, agent, async () => (await LabOperations.MachineAsync(lab, agent)).AgentConnected);
        await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
        Assert.Equal(2, (await lab.Jobs.ListAsync(100, RecoveryLab.Stop)).Count(job => job.Operation == MachineOperation.VerifyReplication));
        Assert.DoesNotContain((await LabOperations.MachineAsync(lab, agent)).HealthErrors, error => error.Code == "VerificationOverdue");
    }

    [Fact]
    public async Task The_limit_of_the_hour_reaches_the_agent_and_points_are_made_under_it()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        IPolicyStore policies = lab.Services.GetRequiredService<IPolicyStore>();
        AsrReplicationPolicy gold = await policies.GetAsync("gold", RecoveryLab.Stop);
        await policies.PutAsync(gold with { BandwidthLimit = [BandwidthWindow.Parse("1MB/s")] }, create: false, RecoveryLab.Stop);
        await UntilAsync(lab, agent, async () => (await LabOperations.MachineAsync(lab, agent)).BandwidthBytesPerSecond == 1 << 20);

        await agent.Disks[0].WriteAsync(0, new byte[1 << 20], RecoveryLab.Stop);
        AsrRecoveryPoint point = await LabOperations.CreatePointAsync(lab, agent);
        Assert.Equal(2, point.Disks.Count);

        await policies.PutAsync(gold with { BandwidthLimit = [] }, create: false, RecoveryLab.Stop);
        await UntilAsync(lab, agent, async () => (await LabOperations.MachineAsync(lab, agent)).BandwidthBytesPerSecond is null);
    }

    private static async Task<AsrJob> UntilScheduledAsync(RecoveryLab lab, LabAgent agent, MachineMonitor monitor, int after)
    {
        // A clock that is set forward makes the agent look silent until it reports again.
        await UntilAsync(lab, agent, async () => (await LabOperations.MachineAsync(lab, agent)).AgentConnected);
        while (true)
        {
            await monitor.LookAfterAllAsync(withCare: true, RecoveryLab.Stop);
            AsrJob[] scheduled = [.. (await lab.Jobs.ListAsync(100, RecoveryLab.Stop)).Where(job => job.Operation == MachineOperation.VerifyReplication)];
            if (scheduled.Length > after)
            {
                return await lab.EndOfAsync(scheduled.MaxBy(job => job.StartTime)!.Id);
            }
            await Task.Delay(50, RecoveryLab.Stop);
        }
    }

    private static async Task<HealthError> UntilHealthAsync(RecoveryLab lab, LabAgent agent, string code, bool told)
    {
        HealthError? error = null;
        await UntilAsync(lab, agent, async () =>
        {
            error = (await LabOperations.MachineAsync(lab, agent)).HealthErrors.FirstOrDefault(error => error.Code == code);
            return error is not null == told;
        });
        return error ?? new HealthError();
    }

    private static async Task UntilAsync(RecoveryLab lab, LabAgent agent, Func<Task<bool>> condition)
    {
        // Generous: it only decides how long a failing test takes.
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(RecoveryLab.Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                Assert.Fail($"Not reached within the limit: {await LabOperations.MachineAsync(lab, agent)}");
            }
            await Task.Delay(50, CancellationToken.None);
        }
    }
}
