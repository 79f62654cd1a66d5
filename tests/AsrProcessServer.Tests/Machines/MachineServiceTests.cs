using System;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Jobs;
using Xunit;

namespace Asr.ProcessServer.Tests.Machines;

/// <summary>Machines with an agent that reports only what a test says.</summary>
public sealed class MachineServiceTests
{
    private static readonly AsrDisk Disk = new() { Id = Guid.NewGuid(), Name = "data", SizeBytes = 1 << 20 };

    [Fact]
    public async Task A_refused_request_changes_nothing_and_starts_no_job()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await lab.EnrollAsync("web01", Disk);

        AsrException refusal = await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.Failback }));

        Assert.Equal(AsrErrorCode.OperationNotAllowed, refusal.Code);
        Assert.Contains("Discovered", refusal.Message);
        Assert.Contains("EnableReplication", refusal.Action);
        Assert.Equal([MachineOperation.EnableReplication], (await GetAsync(lab, machineId)).AllowedOperations);
        Assert.Empty(await lab.Jobs.ListAsync(10, RecoveryLab.Stop));
    }

    [Fact]
    public async Task A_request_names_things_that_exist()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await lab.EnrollAsync("web01", Disk);
        OperationRequest enable = new() { Operation = MachineOperation.EnableReplication, PolicyName = "gold" };

        Assert.Equal(AsrErrorCode.NotFound, await CodeAsync(machineId, enable with { PolicyName = "silver" }));
        Assert.Equal(AsrErrorCode.InvalidArgument, await CodeAsync(machineId, enable with { PolicyName = "gold-failback" }));
        Assert.Equal(AsrErrorCode.InvalidArgument, await CodeAsync(machineId, enable with { PolicyName = null }));
        Assert.Equal(AsrErrorCode.NotFound, await CodeAsync(machineId, enable with { DiskIds = [Guid.NewGuid()] }));
        Assert.Equal(AsrErrorCode.NotFound, await CodeAsync(Guid.NewGuid(), enable));
        Assert.Equal(MachineState.Discovered, (await GetAsync(lab, machineId)).State);

        async Task<AsrErrorCode> CodeAsync(Guid machine, OperationRequest request) =>
            (await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(machine, request))).Code;
    }

    [Fact]
    public async Task Giving_up_ends_a_first_copy_that_never_comes_to_an_end()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await lab.EnrollAsync("web01", Disk);
        AsrJob enable = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        Assert.Equal([MachineOperation.DisableReplication], (await GetAsync(lab, machineId)).AllowedOperations);

        AsrJob disable = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.DisableReplication });
        await ReachAsync(lab, machineId, AgentMode.Idle);

        Assert.Equal(JobState.Succeeded, (await lab.EndOfAsync(disable.Id)).State);
        AsrJob ended = await lab.EndOfAsync(enable.Id);
        Assert.Equal((JobState.Cancelled, AsrErrorCode.Cancelled), (ended.State, ended.Error!.Code));
        Assert.Equal(MachineState.Discovered, (await GetAsync(lab, machineId)).State);
    }

    [Fact]
    public async Task A_silent_agent_and_an_old_point_are_announced_once_and_once_when_they_are_over()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await ProtectAsync(lab);
        Assert.Equal(EventSeverity.Normal, (await GetAsync(lab, machineId)).Health);

        lab.Time.Advance(TimeSpan.FromHours(1));
        await UntilAsync(lab, machineId, machine => machine.HealthErrors.Count == 2);
        AsrReplicatedMachine ill = await GetAsync(lab, machineId);
        Assert.Equal(["HeartbeatLost", "RpoExceeded"], ill.HealthErrors.Select(error => error.Code).Order());
        Assert.Equal((EventSeverity.Critical, false), (ill.Health, ill.AgentConnected));
        Assert.InRange(ill.RpoSeconds!.Value, 3600, 3660);

        await ReachAsync(lab, machineId, AgentMode.Replicate);
        await PublishAsync(lab, machineId);
        await UntilAsync(lab, machineId, machine => machine.HealthErrors.Count == 0);
        string[] codes = (await lab.EventsAsync()).Select(happened => happened.Code).ToArray();
        Assert.All(["HeartbeatLost", "HeartbeatLostEnded", "RpoExceeded", "RpoExceededEnded"], code => Assert.Single(codes, code));
    }

    [Fact]
    public async Task A_doubt_of_the_agent_shows_as_a_resynchronisation_and_ends_as_one()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await ProtectAsync(lab);

        await ReachAsync(lab, machineId, AgentMode.Replicate, report => report with { InSync = false, Resynchronizing = true, ResynchronizeReason = "the machine rebooted" });
        Assert.Equal(MachineState.Resynchronizing, (await GetAsync(lab, machineId)).State);
        await ReachAsync(lab, machineId, AgentMode.Replicate);
        Assert.Equal(MachineState.Protected, (await GetAsync(lab, machineId)).State);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == "ResynchronizationStarted" && happened.Message.Contains("the machine rebooted"));
    }

    [Fact]
    public async Task Names_belong_to_one_machine_and_a_reporting_agent_is_not_replaced()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await lab.EnrollAsync("web01", Disk);

        AsrException refusal = await Assert.ThrowsAsync<AsrException>(() => lab.Machines.RegisterAsync("WEB01", RecoveryLab.Stop));
        Assert.Equal(AsrErrorCode.AlreadyExists, refusal.Code);
        lab.Time.Advance(MachineGrain.HeartbeatMax);
        Assert.Equal(machineId, await lab.Machines.RegisterAsync("WEB01", RecoveryLab.Stop));
    }

    [Fact]
    public async Task A_disk_that_changed_its_size_or_is_gone_is_a_health_error_until_it_is_back()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await ProtectAsync(lab);

        AsrError grown = new() { Code = AsrErrorCode.DiskSizeChanged, Message = "Disk 'data' has 2 bytes and had 1.", Action = "Restore its size." };
        await ReachAsync(lab, machineId, AgentMode.Replicate, report => report with { InSync = false, Disks = [Disk with { Error = grown }] });
        await UntilAsync(lab, machineId, machine => machine.HealthErrors.Count == 1);
        HealthError error = Assert.Single((await GetAsync(lab, machineId)).HealthErrors);
        Assert.Equal(("DiskSizeChanged", EventSeverity.Critical, "Restore its size."), (error.Code, error.Severity, error.Action));
        Assert.Contains("'data' of 'web01'", error.Message);
        Assert.Contains(grown.Message, error.Message);

        await ReachAsync(lab, machineId, AgentMode.Replicate, report => report with { InSync = false, Disks = [] });
        await UntilAsync(lab, machineId, machine => machine.HealthErrors.Any(known => known.Code == "DiskMissing"));
        error = Assert.Single((await GetAsync(lab, machineId)).HealthErrors);
        Assert.Contains(Disk.Id.ToString(), error.Message);

        await ReachAsync(lab, machineId, AgentMode.Replicate);
        await UntilAsync(lab, machineId, machine => machine.HealthErrors.Count == 0);
        string[] codes = (await lab.EventsAsync()).Select(happened => happened.Code).ToArray();
        Assert.All(["DiskSizeChanged", "DiskSizeChangedEnded", "DiskMissing", "DiskMissingEnded"], code => Assert.Single(codes, code));
        Assert.NotNull((await GetAsync(lab, machineId)).LatestRecoveryPoint);
    }

    [Fact]
    public async Task A_planned_failover_whose_source_cannot_get_there_fails_with_the_reason_and_the_source_goes_on()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await ProtectAsync(lab);
        AsrJob failover = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        AsrError unreadable = new() { Code = AsrErrorCode.DiskUnreadable, Message = "Disk 'data' cannot be read at 4096.", Action = "Check the disk." };

        AsrJob job = failover;
        while (job.State == JobState.InProgress)
        {
            await ReachAsync(lab, machineId, (await lab.Machines.GetAssignmentAsync(machineId, null, RecoveryLab.Stop)).Mode, report => report with { InSync = false, Error = unreadable });
            lab.Time.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(20, RecoveryLab.Stop);
            job = await lab.Jobs.GetAsync(failover.Id, null, RecoveryLab.Stop);
        }

        Assert.Equal((JobState.Failed, AsrErrorCode.DiskUnreadable), (job.State, job.Error!.Code));
        Assert.Contains(unreadable.Message, job.Error.Message);
        Assert.Equal(unreadable.Action, job.Error.Action);
        Assert.Equal(MachineState.Protected, (await GetAsync(lab, machineId)).State);
        Assert.Equal(AgentMode.Replicate, (await lab.Machines.GetAssignmentAsync(machineId, null, RecoveryLab.Stop)).Mode);
    }

    [Fact]
    public async Task An_unplanned_failover_takes_the_place_of_a_planned_one_and_goes_back_to_where_that_began()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await ProtectAsync(lab);
        AsrJob planned = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        while ((await lab.Machines.GetAssignmentAsync(machineId, null, RecoveryLab.Stop)).Mode != AgentMode.Quiesce)
        {
            await Task.Delay(10, RecoveryLab.Stop);
        }
        Assert.Equal([MachineOperation.UnplannedFailover, MachineOperation.ExportRecoveryPoint], (await GetAsync(lab, machineId)).AllowedOperations);

        // There is no such data in the vault, so bringing the machine up fails.
        AsrJob unplanned = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.UnplannedFailover });
        await ReachAsync(lab, machineId, AgentMode.Fence);

        Assert.Equal(JobState.Failed, (await lab.EndOfAsync(unplanned.Id)).State);
        Assert.Equal(JobState.Cancelled, (await lab.EndOfAsync(planned.Id)).State);
        Assert.Equal(MachineState.Protected, (await GetAsync(lab, machineId)).State);
        Assert.Equal(AgentMode.Replicate, (await lab.Machines.GetAssignmentAsync(machineId, null, RecoveryLab.Stop)).Mode);
        Assert.DoesNotContain(await lab.EventsAsync(), happened => happened.Code == "UndoFailed");
    }

    private static async Task<Guid> ProtectAsync(RecoveryLab lab)
    {
        Guid machineId = await lab.EnrollAsync("web01", Disk);
        AsrJob enable = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        await ReachAsync(lab, machineId, AgentMode.Replicate);
        await PublishAsync(lab, machineId);
        Assert.Equal(JobState.Succeeded, (await lab.EndOfAsync(enable.Id)).State);
        return machineId;
    }

    /// <summary>Reports that the agent has reached a mode, as soon as it is asked for.</summary>
    private static async Task ReachAsync(RecoveryLab lab, Guid machineId, AgentMode mode, Func<AgentReport, AgentReport>? change = null)
    {
        AgentAssignment assignment = await lab.Machines.GetAssignmentAsync(machineId, null, RecoveryLab.Stop);
        while (assignment.Mode != mode)
        {
            assignment = await lab.Machines.GetAssignmentAsync(machineId, assignment.Revision, RecoveryLab.Stop);
        }
        AgentReport report = new() { AssignmentRevision = assignment.Revision, Mode = mode, Disks = [Disk], InSync = true };
        await lab.Machines.ReportAsync(machineId, change is null ? report : change(report), RecoveryLab.Stop);
    }

    private static async Task PublishAsync(RecoveryLab lab, Guid machineId)
    {
        DateTimeOffset now = lab.Time.GetUtcNow();
        AsrRecoveryPoint point = new()
        {
            Id = Guid.NewGuid(), MachineId = machineId, Time = now, PublishedAt = now, Disks = [new RecoveryPointDisk { DiskId = Disk.Id, Name = Disk.Name, SizeBytes = Disk.SizeBytes, Epoch = 1 }],
        };
        await lab.Machines.OnPointPublishedAsync(await lab.Points.PublishAsync(point, RecoveryLab.Stop), RecoveryLab.Stop);
    }

    private static async Task UntilAsync(RecoveryLab lab, Guid machineId, Func<AsrReplicatedMachine, bool> isSo)
    {
        while (!isSo(await GetAsync(lab, machineId)))
        {
            await Task.Delay(20, RecoveryLab.Stop);
        }
    }

    private static Task<AsrReplicatedMachine> GetAsync(RecoveryLab lab, Guid machineId) => lab.Machines.GetAsync(machineId, RecoveryLab.Stop);
}
