using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Asr.ProcessServer.Tests.Recovery.LabOperations;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>The operations from end to end: the real vault, ingest, NBD exports and replicators; the appliance is restarted between the steps.</summary>
public sealed class DrillTests
{
    [Fact]
    public async Task A_test_failover_is_the_machine_at_the_point_and_its_clean_up_leaves_nothing()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string folder = Path.Combine(lab.Folder, "drill");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "mine.txt"), "not yours", RecoveryLab.Stop);
        string[] hashes = await agent.HashesAsync();
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);

        await SucceedAsync(lab, agent, new OperationRequest
        {
            Operation = MachineOperation.TestFailover, RecoveryPointId = point.Id, Folder = folder, Materialize = true,
        });

        FailoverCopy copy = (await MachineAsync(lab, agent)).TestFailover!;
        Assert.Equal(hashes, copy.Disks.Select(disk => disk.Sha256));
        Assert.Equal(hashes, copy.Disks.Select(disk => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(disk.Path!)))));
        Assert.True(copy.RtoSeconds > 0);
        await using (IBlockDevice export = await ConnectAsync(copy.Disks[0]))
        {
            Assert.Equal(hashes[0], await LabAgent.HashAsync(export));
            await export.WriteAsync(8192, new byte[4096], RecoveryLab.Stop);
            await export.FlushAsync(RecoveryLab.Stop);
        }

        await lab.RestartAsync();
        copy = await UntilServedAsync(lab, agent, machine => machine.TestFailover);
        await using (IBlockDevice export = await ConnectAsync(copy.Disks[0]))
        {
            byte[] written = new byte[4096];
            await export.ReadAsync(8192, written, RecoveryLab.Stop);
            Assert.Equal(new byte[4096], written);
        }
        Assert.Equal(hashes, await agent.HashesAsync());

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover });
        Assert.Null((await MachineAsync(lab, agent)).TestFailover);
        Assert.Equal(["mine.txt"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(lab.WorkPath, "overlays")));
        AsrException gone = await Assert.ThrowsAsync<AsrException>(() => ConnectAsync(copy.Disks[0]));
        Assert.Equal(AsrErrorCode.NbdExportUnknown, gone.Code);
    }

    [Fact]
    public async Task There_and_back_again_loses_nothing_and_moves_only_differences()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await agent.Disks[0].WriteAsync(1 << 20, RandomNumberGenerator.GetBytes(65_536), RecoveryLab.Stop);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.FailedOver, ActiveLocation.Recovery), (machine.State, machine.ActiveLocation));
        Assert.Equal(await agent.HashesAsync(), machine.Failover!.Disks.Select(disk => disk.Sha256));
        Assert.True(agent.Disks[0].IsReadOnly, "the source must be fenced");
        await WriteAtRecoveryAsync(machine.Failover.Disks[0], 2 << 20);

        await lab.RestartAsync();
        await UntilServedAsync(lab, agent, seen => seen.Failover);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CommitFailover });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.Reprotect });
        Assert.Equal(MachineState.ReverseProtected, (await MachineAsync(lab, agent)).State);

        await lab.RestartAsync();
        FailoverCopy copy = await UntilServedAsync(lab, agent, seen => seen.Failover);
        await WriteAtRecoveryAsync(copy.Disks[1], 3 << 20);
        string[] expected = await Task.WhenAll(copy.Disks.Select(async disk =>
        {
            await using IBlockDevice export = await ConnectAsync(disk);
            return await LabAgent.HashAsync(export);
        }));

        AsrJob failback = await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.Failback });
        Assert.Equal(expected, await agent.HashesAsync());
        Assert.InRange(failback.Tasks.Sum(task => task.BytesMoved), 1, 4 * 65_536);
        machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Protected, ActiveLocation.Primary), (machine.State, machine.ActiveLocation));
        Assert.False(Directory.Exists(copy.Folder));
        Assert.False(agent.Disks[0].IsReadOnly, "the source must run again");

        // Protected again in the original direction: what is written now is in the next point.
        await agent.Disks[0].WriteAsync(0, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = point.Id, Materialize = true });
        Assert.Equal(await agent.HashesAsync(), (await MachineAsync(lab, agent)).TestFailover!.Disks.Select(disk => disk.Sha256));
    }

    [Fact]
    public async Task A_failover_can_change_its_point_and_be_cancelled()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string[] early = await agent.HashesAsync();
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);
        await agent.Disks[0].WriteAsync(0, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint, RecoveryPointId = point.Id });
        FailoverCopy copy = (await MachineAsync(lab, agent)).Failover!;
        Assert.Equal(point.Id, copy.RecoveryPointId);
        await using (IBlockDevice export = await ConnectAsync(copy.Disks[0]))
        {
            Assert.Equal(early[0], await LabAgent.HashAsync(export));
        }

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CancelFailover });
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Protected, ActiveLocation.Primary), (machine.State, machine.ActiveLocation));
        Assert.False(Directory.Exists(copy.Folder));
        Assert.False(agent.Disks[0].IsReadOnly, "the source goes on");
        await CreatePointAsync(lab, agent);
    }

    [Fact]
    public async Task A_change_of_point_that_fails_when_the_old_copy_is_gone_leaves_nothing_half_done()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        FailoverCopy old = (await MachineAsync(lab, agent)).Failover!;

        // The old copy is taken down, but one of its files cannot be removed: a folder is in its place.
        File.Delete(old.Disks[1].Path!);
        Directory.CreateDirectory(old.Disks[1].Path!);
        string folder = Path.Combine(lab.Folder, "other");
        AsrJob job = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint, Folder = folder });

        Assert.Equal((JobState.Failed, AsrErrorCode.TargetUnavailable), (job.State, job.Error!.Code));
        Assert.Null((await MachineAsync(lab, agent)).Failover);
        Assert.False(Directory.Exists(folder));
        Assert.DoesNotContain(await lab.EventsAsync(), happened => happened.Code == "UndoFailed");

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint, Folder = folder });
        Assert.Equal(await agent.HashesAsync(), (await MachineAsync(lab, agent)).Failover!.Disks.Select(disk => disk.Sha256));
    }

    [Fact]
    public async Task A_drill_that_an_unplanned_failover_ends_leaves_nothing_behind()
    {
        HoldingTarget target = new();
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services => services.AddSingleton<IComputeTarget>(target));
        await using LabAgent agent = await ProtectAsync(lab);
        await CreatePointAsync(lab, agent);
        string folder = Path.Combine(lab.Folder, "drill");
        AsrJob drill = await lab.StartAsync(
            agent.MachineId, new OperationRequest { Operation = MachineOperation.TestFailover, Folder = folder, Materialize = true });
        await target.Held.Task.WaitAsync(RecoveryLab.Stop);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.UnplannedFailover });

        Assert.Equal(JobState.Cancelled, (await lab.EndOfAsync(drill.Id)).State);
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Null(machine.TestFailover);
        Assert.NotNull(machine.Failover);
        Assert.False(Directory.Exists(folder));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(lab.WorkPath, "overlays")));
        Assert.DoesNotContain(await lab.EventsAsync(), happened => happened.Code == "UndoFailed");
    }

    [Fact]
    public async Task A_copy_whose_disks_are_lost_is_a_health_error_and_can_be_made_anew()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string[] hashes = await agent.HashesAsync();
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        FailoverCopy copy = (await MachineAsync(lab, agent)).Failover!;
        await lab.HaltAsync();
        File.Delete(copy.Disks[0].Path!);
        await lab.BootAsync();

        AsrReplicatedMachine ill = await MachineAsync(lab, agent);
        while (ill.HealthErrors.Count == 0)
        {
            await Task.Delay(50, RecoveryLab.Stop);
            ill = await MachineAsync(lab, agent);
        }
        HealthError error = Assert.Single(ill.HealthErrors);
        Assert.Equal(("CopyNotServed", EventSeverity.Critical), (error.Code, error.Severity));
        Assert.Contains(copy.Disks[0].Path!, error.Message);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.ChangeRecoveryPoint });
        AsrReplicatedMachine well = await UntilHealthyAsync(lab, agent);
        Assert.Equal(hashes, well.Failover!.Disks.Select(disk => disk.Sha256));
    }

    [Fact]
    public async Task Changes_at_the_recovery_site_survive_the_loss_of_their_activity_log()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        FailoverCopy copy = (await MachineAsync(lab, agent)).Failover!;
        await WriteAtRecoveryAsync(copy.Disks[0], 2 << 20);
        await lab.HaltAsync();
        File.Delete(copy.Disks[0].Path + ".activity");
        await lab.BootAsync();
        copy = await UntilServedAsync(lab, agent, seen => seen.Failover);
        await using IBlockDevice export = await ConnectAsync(copy.Disks[0]);
        string expected = await LabAgent.HashAsync(export);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CommitFailover });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.Reprotect });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover, Materialize = true });

        Assert.Equal(expected, (await MachineAsync(lab, agent)).TestFailover!.Disks[0].Sha256);
    }

    private static async Task<AsrReplicatedMachine> UntilHealthyAsync(RecoveryLab lab, LabAgent agent)
    {
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        while (machine.HealthErrors.Count > 0)
        {
            await Task.Delay(50, RecoveryLab.Stop);
            machine = await MachineAsync(lab, agent);
        }
        return machine;
    }

    [Fact]
    public async Task A_change_of_the_policy_reaches_the_way_back()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PlannedFailover });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CommitFailover });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.Reprotect });

        AsrReplicationPolicy policy = await lab.Services.GetRequiredService<IPolicyStore>().PutAsync(
            new AsrReplicationPolicy { Name = "gold", CrashConsistentFrequencySeconds = 7 }, create: false, RecoveryLab.Stop);
        await lab.Machines.OnPolicyChangedAsync(policy, RecoveryLab.Stop);

        MachineDocument machine = (await lab.Services.GetRequiredService<MachineDirectory>().ListAsync(RecoveryLab.Stop)).Single();
        Assert.Equal(7, machine.ReverseAssignment!.CrashConsistentFrequencySeconds);
        Assert.Equal(7, machine.Assignment.CrashConsistentFrequencySeconds);
    }

    [Fact]
    public async Task A_fresh_appliance_without_the_source_fails_over_from_vault_and_passphrase_alone()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        string[] hashes;
        Guid machineId;
        await using (LabAgent agent = await ProtectAsync(lab))
        {
            hashes = await agent.HashesAsync();
            await CreatePointAsync(lab, agent);
            machineId = agent.MachineId;
        }
        await lab.HaltAsync();
        Directory.Delete(lab.WorkPath, recursive: true);
        lab.WorkPath = Path.Combine(lab.Folder, "another-site");
        await lab.BootAsync();

        AsrJob job = await lab.RunAsync(machineId, new OperationRequest { Operation = MachineOperation.UnplannedFailover, Folder = Path.Combine(lab.Folder, "up") });

        Assert.True(job.State == JobState.Succeeded, job.Error?.Message);
        FailoverCopy copy = (await lab.Machines.GetAsync(machineId, RecoveryLab.Stop)).Failover!;
        Assert.Equal(hashes, copy.Disks.Select(disk => disk.Sha256));
        await using IBlockDevice export = await ConnectAsync(copy.Disks[1]);
        Assert.Equal(hashes[1], await LabAgent.HashAsync(export));
    }

    [Fact]
    public async Task A_failover_that_cannot_write_leaves_the_source_running_and_no_file_behind()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string blocked = Path.Combine(lab.Folder, "a-file");
        await File.WriteAllTextAsync(blocked, "", RecoveryLab.Stop);

        AsrJob job = await lab.RunAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.PlannedFailover, Folder = Path.Combine(blocked, "sub") });

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal(AsrErrorCode.TargetUnavailable, job.Error!.Code);
        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal((MachineState.Protected, ActiveLocation.Primary), (machine.State, machine.ActiveLocation));
        Assert.Null(machine.Failover);
        await CreatePointAsync(lab, agent);
        Assert.False(agent.Disks[0].IsReadOnly, "the source goes on");
    }

    [Fact]
    public async Task Disabling_removes_points_and_data_and_the_machine_can_be_protected_anew()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });

        AsrReplicatedMachine machine = await MachineAsync(lab, agent);
        Assert.Equal(MachineState.Discovered, machine.State);
        Assert.Null(machine.PolicyName);
        Assert.Empty(await lab.Points.ListAsync(agent.MachineId, 10, RecoveryLab.Stop));
        foreach (AsrDisk disk in machine.Disks)
        {
            Assert.Equal(new StreamPosition(0, 0), await lab.Vault.GetHeadAsync(disk.Id, RecoveryLab.Stop));
        }
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        Assert.Equal(MachineState.Protected, (await MachineAsync(lab, agent)).State);
    }

    [Fact]
    public async Task Replication_can_be_paused_resumed_and_compared()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PauseReplication });
        Assert.Equal(MachineState.Paused, (await MachineAsync(lab, agent)).State);
        await agent.Disks[0].WriteAsync(0, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.ResumeReplication });
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.Resynchronize });
        Assert.Equal(MachineState.Protected, (await MachineAsync(lab, agent)).State);

        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = point.Id, Materialize = true });
        Assert.Equal(await agent.HashesAsync(), (await MachineAsync(lab, agent)).TestFailover!.Disks.Select(disk => disk.Sha256));
    }

    private static async Task<FailoverCopy> UntilServedAsync(RecoveryLab lab, LabAgent agent, Func<AsrReplicatedMachine, FailoverCopy?> copyOf)
    {
        while (true)
        {
            FailoverCopy copy = copyOf(await MachineAsync(lab, agent))!;
            if (copy.Disks.All(disk => disk.ExportUri.Length > 0))
            {
                return copy;
            }
            await Task.Delay(20, RecoveryLab.Stop);
        }
    }

    private static async Task WriteAtRecoveryAsync(FailoverDisk disk, long offset)
    {
        await using IBlockDevice export = await ConnectAsync(disk);
        await export.WriteAsync(offset, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        await export.FlushAsync(RecoveryLab.Stop);
    }

    private static async Task<IBlockDevice> ConnectAsync(FailoverDisk disk) => await NbdClient.ConnectAsync(NbdUri.Parse(disk.ExportUri), RecoveryLab.Stop);
}
