using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Tests.Jobs;
using Asr.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Asr.ProcessServer.Tests.Recovery.LabOperations;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>Recovery points written to files, judged by the programs that have to open them.</summary>
public sealed class ExportTests
{
    // Not whole MiB, which only a VHD has to be.
    private const long OddBytes = (4 << 20) + (3 * 512);

    [Fact]
    public async Task Raw_files_are_the_disks_with_their_holes_and_an_export_stands_beside_a_pause()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab, OddBytes);
        string[] hashes = await agent.HashesAsync();
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);
        await agent.Disks[0].WriteAsync(0, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        await CreatePointAsync(lab, agent);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PauseReplication });

        AsrJob job = await SucceedAsync(lab, agent, Request(lab) with { RecoveryPointId = point.Id });

        Assert.Equal(hashes, job.Files.Select(file => file.Sha256));
        Assert.Equal(hashes, job.Files.Select(file => file.ContentSha256));
        Assert.Equal(hashes, job.Files.Select(file => HashOf(file.Path)));
        Assert.Equal(["disk0.raw", "disk1.raw"], Names(Folder(lab)));
        Assert.All(job.Files, file => Assert.InRange(file.BytesWritten, 1 << 20, 2 << 20));
        Assert.Equal(job.Files.Sum(file => file.BytesWritten), job.Tasks.Sum(task => task.BytesMoved));
        Assert.Equal(MachineState.Paused, (await MachineAsync(lab, agent)).State);
        Assert.Empty(lab.Services.GetRequiredService<PointsInUse>().Of(agent.MachineId));
    }

    [Fact]
    public async Task A_vhd_is_what_qemu_takes_for_one_and_always_the_same_file()
    {
        RealTools.Require("qemu-img");
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab, OddBytes);
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);

        AsrJob raw = await SucceedAsync(lab, agent, Request(lab) with { RecoveryPointId = point.Id });
        AsrJob vhd = await SucceedAsync(lab, agent, Request(lab) with { RecoveryPointId = point.Id, Format = DiskImageFormat.Vhd });
        AsrJob again = await SucceedAsync(
            lab, agent, Request(lab) with { RecoveryPointId = point.Id, Format = DiskImageFormat.Vhd, Overwrite = true, DiskIds = [agent.Disks[1].Id] });

        Assert.Equal(vhd.Files.Select(file => file.Sha256), vhd.Files.Select(file => HashOf(file.Path)));
        Assert.Equal(raw.Files.Select(file => file.Sha256), vhd.Files.Select(file => file.ContentSha256));
        Assert.Equal(vhd.Files[1].Sha256, Assert.Single(again.Files).Sha256);
        for (int disk = 0; disk < 2; disk++)
        {
            string info = await RealTools.CheckAsync("qemu-img", "info", "-f", "vpc", vhd.Files[disk].Path);
            Assert.Contains($"({5 << 20} bytes)", info, StringComparison.Ordinal);
            string compared = await RealTools.CheckAsync("qemu-img", "compare", "-f", "raw", "-F", "vpc", raw.Files[disk].Path, vhd.Files[disk].Path);
            Assert.Contains("identical", compared, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_qcow2_file_holds_the_disk()
    {
        RealTools.Require("qemu-img");
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab, OddBytes);
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);

        AsrJob raw = await SucceedAsync(lab, agent, Request(lab) with { RecoveryPointId = point.Id });
        AsrJob qcow2 = await SucceedAsync(lab, agent, Request(lab) with { RecoveryPointId = point.Id, Format = DiskImageFormat.Qcow2 });

        for (int disk = 0; disk < 2; disk++)
        {
            await RealTools.CheckAsync("qemu-img", "check", "-f", "qcow2", qcow2.Files[disk].Path);
            await RealTools.CheckAsync("qemu-img", "compare", "-f", "raw", "-F", "qcow2", raw.Files[disk].Path, qcow2.Files[disk].Path);
            Assert.Null(qcow2.Files[disk].Sha256);
        }
        Assert.Equal(["disk0.qcow2", "disk0.raw", "disk1.qcow2", "disk1.raw"], Names(Folder(lab)));
    }

    [Fact]
    public async Task A_file_that_is_there_is_replaced_only_when_asked_and_only_by_a_whole_one()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        Directory.CreateDirectory(Folder(lab));
        string taken = Path.Combine(Folder(lab), "disk1.raw");
        await File.WriteAllTextAsync(taken, "mine", RecoveryLab.Stop);

        AsrJob refused = await lab.RunAsync(agent.MachineId, Request(lab));

        Assert.Equal((JobState.Failed, AsrErrorCode.AlreadyExists), (refused.State, refused.Error!.Code));
        Assert.Equal("mine", await File.ReadAllTextAsync(taken, RecoveryLab.Stop));
        Assert.Equal(["disk1.raw"], Names(Folder(lab)));
        Assert.Empty(refused.Files);
        await SucceedAsync(lab, agent, Request(lab) with { Overwrite = true });
        Assert.Equal((await agent.HashesAsync())[1], HashOf(taken));
    }

    [Fact]
    public async Task A_stopped_export_takes_back_what_it_has_written_and_says_who_stopped_it()
    {
        RealTools.Require("qemu-img");
        HoldingExports.Hold hold = new();
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services => HoldSecond(services, hold));
        await using LabAgent agent = await ProtectAsync(lab);
        AsrJob job = await lab.StartAsync(agent.MachineId, Request(lab) with { Format = DiskImageFormat.Qcow2 });
        await hold.Held.Task.WaitAsync(RecoveryLab.Stop);
        Assert.Single(lab.Services.GetRequiredService<PointsInUse>().Of(agent.MachineId));
        Assert.Single(Names(Folder(lab)));

        // Beside it the machine goes on with its own jobs.
        await CreatePointAsync(lab, agent);
        await lab.Jobs.CancelAsync(job.Id, "alice", RecoveryLab.Stop);

        job = await lab.EndOfAsync(job.Id);
        Assert.Equal(JobState.Cancelled, job.State);
        Assert.Contains("alice", job.Error!.Message, StringComparison.Ordinal);
        Assert.Empty(job.Files);
        Assert.False(Directory.Exists(Folder(lab)));
        Assert.Equal(JobState.Cancelled, (await lab.Jobs.CancelAsync(job.Id, "alice", RecoveryLab.Stop)).State);
    }

    [Fact]
    public async Task An_export_goes_on_after_a_restart()
    {
        RealTools.Require("qemu-img");
        HoldingExports.Hold hold = new();
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services => HoldSecond(services, hold));
        await using LabAgent agent = await ProtectAsync(lab);
        AsrJob job = await lab.StartAsync(agent.MachineId, Request(lab) with { Format = DiskImageFormat.Qcow2 });
        await hold.Held.Task.WaitAsync(RecoveryLab.Stop);

        await lab.RestartAsync();

        job = await lab.EndOfAsync(job.Id);
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(["disk0.qcow2", "disk1.qcow2"], Names(Folder(lab)));
        Assert.Equal(2, job.Files.Count);
    }

    [Fact]
    public async Task A_job_that_changes_the_machine_is_not_stopped_half_way()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PauseReplication });
        agent.IsSilent = true;
        AsrJob job = await lab.StartAsync(agent.MachineId, new OperationRequest { Operation = MachineOperation.ResumeReplication });

        AsrException refused = await Assert.ThrowsAsync<AsrException>(() => lab.Jobs.CancelAsync(job.Id, "alice", RecoveryLab.Stop));
        AsrException unknown = await Assert.ThrowsAsync<AsrException>(() => lab.Jobs.CancelAsync(Guid.NewGuid(), "alice", RecoveryLab.Stop));

        Assert.Equal((AsrErrorCode.OperationNotAllowed, AsrErrorCode.NotFound), (refused.Code, unknown.Code));
    }

    [Theory]
    [InlineData(DiskImageFormat.Raw)]
    [InlineData(DiskImageFormat.Vhd)]
    [InlineData(DiskImageFormat.Qcow2)]
    public async Task A_full_medium_fails_the_export_and_leaves_nothing(DiskImageFormat format)
    {
        RealTools.RequireRoot();
        RealTools.Require("mount", "umount", "qemu-img");
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string small = Path.Combine(lab.Folder, "small");
        Directory.CreateDirectory(small);
        await RealTools.CheckAsync("mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", small);
        try
        {
            AsrJob job = await lab.RunAsync(agent.MachineId, Request(lab) with { Format = format, Folder = small });

            Assert.Equal((JobState.Failed, AsrErrorCode.DiskFull), (job.State, job.Error!.Code));
            Assert.Empty(Directory.EnumerateFileSystemEntries(small));
        }
        finally
        {
            await RealTools.CheckAsync("umount", small);
        }
    }

    private static void HoldSecond(IServiceCollection services, HoldingExports.Hold hold)
    {
        services.AddSingleton<FailoverCopyHost>();
        services.AddSingleton<IExportHost>(provider => new HoldingExports(provider.GetRequiredService<FailoverCopyHost>(), hold));
    }

    private static OperationRequest Request(RecoveryLab lab) => new() { Operation = MachineOperation.ExportRecoveryPoint, Folder = Folder(lab) };

    private static string Folder(RecoveryLab lab) => Path.Combine(lab.Folder, "exported");

    private static IEnumerable<string?> Names(string folder) => Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order();

    private static string HashOf(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
