using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.ProcessServer.Tests.Jobs;
using Asr.ProcessServer.Tests.Recovery;
using Asr.ProcessServer.Upkeep;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Upkeep;

/// <summary>Checks of the vault as jobs, what is told of their findings, and the regular scrub.</summary>
public sealed class VaultCheckTests
{
    [Fact]
    public async Task A_flipped_byte_is_told_as_event_and_health_error_and_repaired_by_a_resynchronisation()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrRecoveryPoint before = await LabOperations.CreatePointAsync(lab, agent);
        AsrJob clean = await CheckAsync(lab, new VaultCheckRequest());
        Assert.Equal((0, 0), (clean.VaultCheck!.FindingCount, clean.VaultCheck.Findings.Count));
        Assert.True(clean.VaultCheck.ObjectsChecked > 5);

        FlipInside(SegmentsOf(lab, before.Disks[0].DiskId).First());
        AsrJob damaged = await CheckAsync(lab, new VaultCheckRequest { MachineId = agent.MachineId, Repair = true });

        AsrVaultFinding finding = Assert.Single(damaged.VaultCheck!.Findings);
        Assert.Equal((VaultObjectKind.Segment, VaultProblem.Damaged, true), (finding.Kind, finding.Problem, finding.AffectsHead));
        Assert.Equal((before.Disks[0].DiskId, agent.MachineId), (finding.DiskId, finding.MachineId));
        Assert.Contains(finding.AffectedPoints, point => point.RecoveryPointId == before.Id && point.MachineName == "web01");
        Assert.NotEmpty(finding.Ranges);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == "VaultObjectDamaged" && happened.Severity == EventSeverity.Critical && happened.MachineId == agent.MachineId);
        Guid repair = Assert.Single(damaged.VaultCheck.Repairs).JobId!.Value;
        Assert.Equal(JobState.Succeeded, (await lab.EndOfAsync(repair)).State);
        HealthError error = await UntilHealthAsync(lab, agent, told: true);
        Assert.Equal(EventSeverity.Critical, error.Severity);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == VaultHealth.Damaged);

        // From here on new points are whole, and the damage concerns the older ones only.
        AsrRecoveryPoint after = await LabOperations.CreatePointAsync(lab, agent);
        AsrVaultFinding left = Assert.Single((await CheckAsync(lab, new VaultCheckRequest())).VaultCheck!.Findings);
        Assert.False(left.AffectsHead);
        Assert.DoesNotContain(left.AffectedPoints, point => point.RecoveryPointId == after.Id);
        foreach ((RecoveryPointDisk disk, string expected) in after.Disks.Zip(await agent.HashesAsync()))
        {
            await using IBlockDevice image = await lab.Vault.OpenAsync(disk.DiskId, new StreamPosition(disk.Epoch, disk.Sequence), RecoveryLab.Stop);
            Assert.Equal(expected, await LabAgent.HashAsync(image));
        }
    }

    [Fact]
    public async Task A_missing_segment_is_told_with_every_point_behind_it_and_the_stream_taken_up_before_it()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrRecoveryPoint before = await LabOperations.CreatePointAsync(lab, agent);
        File.Delete(SegmentsOf(lab, before.Disks[0].DiskId).First());

        AsrJob job = await CheckAsync(lab, new VaultCheckRequest { Repair = true });

        AsrVaultFinding finding = Assert.Single(job.VaultCheck!.Findings);
        Assert.Equal((VaultProblem.Missing, true), (finding.Problem, finding.AffectsHead));
        Assert.Contains(finding.AffectedPoints, point => point.RecoveryPointId == before.Id);
        AsrJob repair = await lab.EndOfAsync(Assert.Single(job.VaultCheck.Repairs).JobId!.Value);
        Assert.Equal(JobState.Succeeded, repair.State);
        AsrRecoveryPoint after = await LabOperations.CreatePointAsync(lab, agent);
        foreach ((RecoveryPointDisk disk, string expected) in after.Disks.Zip(await agent.HashesAsync()))
        {
            await using IBlockDevice image = await lab.Vault.OpenAsync(disk.DiskId, new StreamPosition(disk.Epoch, disk.Sequence), RecoveryLab.Stop);
            Assert.Equal(expected, await LabAgent.HashAsync(image));
        }

        AsrVaultFinding left = Assert.Single((await CheckAsync(lab, new VaultCheckRequest { Repair = true })).VaultCheck!.Findings);
        Assert.False(left.AffectsHead);
        Assert.Contains(left.AffectedPoints, point => point.RecoveryPointId == before.Id);
        Assert.DoesNotContain(left.AffectedPoints, point => point.RecoveryPointId == after.Id);
    }

    [Fact]
    public async Task What_is_known_to_be_damaged_outlives_a_restart_and_ends_when_a_check_has_seen_it_gone()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrRecoveryPoint point = await LabOperations.CreatePointAsync(lab, agent);
        string path = SegmentsOf(lab, point.Disks[0].DiskId).First();
        FlipInside(path);
        await CheckAsync(lab, new VaultCheckRequest());
        await UntilHealthAsync(lab, agent, told: true);
        await lab.RestartAsync();
        await UntilHealthAsync(lab, agent, told: true);
        Assert.DoesNotContain(await lab.EventsAsync(), happened => happened.Code == VaultHealth.Damaged + "Ended");

        FlipInside(path);
        await CheckAsync(lab, new VaultCheckRequest { MachineId = agent.MachineId });

        await UntilHealthAsync(lab, agent, told: false);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == VaultHealth.Damaged + "Ended");
    }

    [Fact]
    public async Task A_check_that_is_stopped_is_gone_on_with_and_stands_beside_the_machines_jobs()
    {
        HeldVault? held = null;
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services =>
            services.AddSingleton<IVault>(held ??= new HeldVault((IVault)services.Last(service => service.ServiceType == typeof(IVault)).ImplementationInstance!, holdBehind: 3)));
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrJob first = await StartAsync(lab, new VaultCheckRequest());
        await held!.Held;
        await LabOperations.CreatePointAsync(lab, agent);
        await lab.Jobs.CancelAsync(first.Id, "tester", RecoveryLab.Stop);
        AsrJob stopped = await lab.EndOfAsync(first.Id);
        Assert.Equal((JobState.Cancelled, AsrErrorCode.Cancelled), (stopped.State, stopped.Error!.Code));
        held.GoOn();

        AsrJob second = await CheckAsync(lab, new VaultCheckRequest());

        Assert.Equal(stopped.VaultCheck!.StartTime, second.VaultCheck!.StartTime);
        AsrJob anew = await CheckAsync(lab, new VaultCheckRequest { Restart = true });
        Assert.True(anew.VaultCheck!.StartTime > second.VaultCheck.StartTime);
    }

    [Fact]
    public async Task A_check_goes_on_after_a_restart_of_the_appliance()
    {
        HeldVault? held = null;
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services =>
            services.AddSingleton<IVault>(held ??= new HeldVault((IVault)services.Last(service => service.ServiceType == typeof(IVault)).ImplementationInstance!, holdBehind: 5)));
        AsrJob job = await StartAsync(lab, new VaultCheckRequest());
        await held!.Held;
        await lab.HaltAsync();
        held.GoOn();
        await lab.BootAsync();

        AsrJob ended = await lab.EndOfAsync(job.Id);

        Assert.Equal(JobState.Succeeded, ended.State);
        Assert.NotNull(ended.VaultCheck!.EndTime);
        Assert.Equal((Guid.Empty, ""), (ended.MachineId, ended.MachineName));
        Assert.Contains(await lab.EventsAsync(), happened => happened.Message == "CheckVault of the vault has ended well." && happened.MachineId is null);
    }

    [Fact]
    public async Task A_request_belongs_to_one_check_and_machines_are_not_asked_for_one()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        Guid machineId = await lab.EnrollAsync("web01");
        Guid requestId = Guid.NewGuid();
        AsrJob job = await CheckAsync(lab, new VaultCheckRequest { RequestId = requestId });
        Assert.Equal(job.Id, (await StartAsync(lab, new VaultCheckRequest { RequestId = requestId })).Id);
        AsrException other = await Assert.ThrowsAsync<AsrException>(() => StartAsync(lab, new VaultCheckRequest { RequestId = requestId, MachineId = machineId }));
        Assert.Equal(AsrErrorCode.AlreadyExists, other.Code);
        AsrException unknown = await Assert.ThrowsAsync<AsrException>(() => StartAsync(lab, new VaultCheckRequest { MachineId = Guid.NewGuid() }));
        Assert.Equal(AsrErrorCode.NotFound, unknown.Code);
        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.CheckVault }));
        Assert.Equal(AsrErrorCode.OperationNotAllowed, refused.Code);
    }

    [Fact]
    public async Task The_regular_scrub_sees_everything_once_in_its_cycle()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await LabOperations.ProtectAsync(lab);
        AsrRecoveryPoint point = await LabOperations.CreatePointAsync(lab, agent);
        VaultScrubber scrubber = lab.Services.GetRequiredService<VaultScrubber>();
        Assert.True(await scrubber.ScrubAsync(RecoveryLab.Stop));
        Assert.False(await scrubber.ScrubAsync(RecoveryLab.Stop));
        FlipInside(SegmentsOf(lab, point.Disks[1].DiskId).First());
        lab.Time.Advance(ScrubPace.Cycle);

        Assert.True(await scrubber.ScrubAsync(RecoveryLab.Stop));

        Assert.Equal(EventSeverity.Critical, (await UntilHealthAsync(lab, agent, told: true)).Severity);
    }

    [Fact]
    public void The_pace_follows_from_what_is_left_and_has_bounds()
    {
        DateTimeOffset begun = DateTimeOffset.UnixEpoch;
        AsrVaultCheck half = new() { StartTime = begun, ObjectsChecked = 1_000, BytesChecked = 4L << 40 };
        Assert.Equal(ScrubPace.BytesPerSecondMin, ScrubPace.BytesPerSecond(new AsrVaultCheck { StartTime = begun }, 0, begun));
        Assert.Equal((4L << 40) / (ScrubPace.Cycle * 0.8).TotalSeconds, ScrubPace.BytesPerSecond(half, 2_000, begun), 1.0);
        Assert.Equal(ScrubPace.BytesPerSecondMin, ScrubPace.BytesPerSecond(half with { BytesChecked = 1 << 20 }, 2_000, begun));
        Assert.Equal(ScrubPace.BytesPerSecondMax, ScrubPace.BytesPerSecond(half, 2_000, begun + ScrubPace.Cycle));
        Assert.Equal(ScrubPace.BytesPerSecondMin, ScrubPace.BytesPerSecond(half, 500, begun));
    }

    private static Task<AsrJob> StartAsync(RecoveryLab lab, VaultCheckRequest request) =>
        lab.Jobs.StartCheckAsync(request.RequestId == Guid.Empty ? request with { RequestId = Guid.NewGuid() } : request, "tester", RecoveryLab.Stop);

    private static async Task<AsrJob> CheckAsync(RecoveryLab lab, VaultCheckRequest request)
    {
        AsrJob job = await lab.EndOfAsync((await StartAsync(lab, request)).Id);
        Assert.True(job.State == JobState.Succeeded, job.Error?.Message);
        return job;
    }

    private static async Task<HealthError> UntilHealthAsync(RecoveryLab lab, LabAgent agent, bool told)
    {
        while (true)
        {
            HealthError? error = (await LabOperations.MachineAsync(lab, agent)).HealthErrors.FirstOrDefault(error => error.Code == VaultHealth.Damaged);
            if (error is not null == told)
            {
                return error ?? new HealthError();
            }
            await Task.Delay(50, RecoveryLab.Stop);
        }
    }

    private static IEnumerable<string> SegmentsOf(RecoveryLab lab, Guid diskId) => Directory
        .EnumerateFiles(Path.Combine(lab.Folder, "vault", "disks", diskId.ToString("D")), "*.seg", SearchOption.AllDirectories)
        .OrderByDescending(path => new FileInfo(path).Length);

    private static void FlipInside(string path)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = 1_000;
        int before = file.ReadByte();
        file.Position = 1_000;
        file.WriteByte((byte)(before ^ 1));
    }
}
