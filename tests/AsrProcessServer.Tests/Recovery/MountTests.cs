using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Recovery.Mounts;
using Asr.ProcessServer.Tests.Jobs;
using Asr.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Xunit;
using static Asr.ProcessServer.Tests.Recovery.LabOperations;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>Recovery points mounted beside everything else, read and written by real NBD clients.</summary>
public sealed class MountTests
{
    [Fact]
    public async Task Several_mounts_and_a_drill_stand_side_by_side_and_keep_their_writes_to_themselves()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string[] before = await agent.HashesAsync();
        AsrRecoveryPoint early = await CreatePointAsync(lab, agent);
        await agent.Disks[0].WriteAsync(0, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        string[] after = await agent.HashesAsync();
        AsrRecoveryPoint late = await CreatePointAsync(lab, agent);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.TestFailover });

        AsrRecoveryPointMount first = await MountAsync(lab, agent, new MountRequest { RecoveryPointId = early.Id });
        AsrRecoveryPointMount second = await MountAsync(lab, agent, new MountRequest { RecoveryPointId = early.Id });
        AsrRecoveryPointMount newest = await MountAsync(lab, agent, new MountRequest { RecoveryPointId = late.Id });

        Assert.Equal([first.Id, second.Id, newest.Id], Mounts(lab).List().Select(mount => mount.Id));
        await WriteAsync(first.Disks[0], 8192);
        Assert.NotEqual(before[0], await HashAsync(first.Disks[0]));
        Assert.Equal(before, await Task.WhenAll(second.Disks.Select(HashAsync)));
        Assert.Equal(after, await Task.WhenAll(newest.Disks.Select(HashAsync)));
        Assert.Equal(after, await agent.HashesAsync());
        Assert.Equal(MachineState.Protected, (await MachineAsync(lab, agent)).State);
        Assert.All(first.Disks, disk => Assert.True(File.Exists(disk.OverlayPath)));

        await Mounts(lab).DismountAsync(first.Id, RecoveryLab.Stop);
        await Mounts(lab).DismountAsync(first.Id, RecoveryLab.Stop);
        Assert.All(first.Disks, disk => Assert.False(File.Exists(disk.OverlayPath)));
        AsrException gone = await Assert.ThrowsAsync<AsrException>(() => HashAsync(first.Disks[0]));
        Assert.Equal(AsrErrorCode.NbdExportUnknown, gone.Code);
        Assert.Equal(before[0], await HashAsync(second.Disks[0]));
    }

    [Fact]
    public async Task Real_clients_read_and_write_a_mount_and_a_read_only_one_refuses_them()
    {
        RealTools.Require("nbdinfo", "nbdcopy", "qemu-io");
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string[] hashes = await agent.HashesAsync();

        AsrRecoveryPointMount mount = await MountAsync(lab, agent, new MountRequest());
        AsrRecoveryPointMount readOnly = await MountAsync(lab, agent, new MountRequest { IsReadOnly = true });

        string copy = Path.Combine(lab.Folder, "copy.img");
        await RealTools.CheckAsync("nbdcopy", readOnly.Disks[1].ExportUri, copy);
        Assert.Equal(hashes[1], Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(copy, RecoveryLab.Stop))));
        Assert.Equal("", (await RealTools.RunAsync("nbdinfo", "--is", "read-only", readOnly.Disks[0].ExportUri)).All);
        Assert.Contains("size: 4194304", (await RealTools.CheckAsync("nbdinfo", mount.Disks[0].ExportUri)).Replace("export-", "", StringComparison.Ordinal));
        await RealTools.CheckAsync("qemu-io", "-f", "raw", "-c", "write -P 7 4096 512", "-c", "read -P 7 4096 512", mount.Disks[0].ExportUri);
        ToolResult refused = await RealTools.RunAsync("qemu-io", "-f", "raw", "-c", "write -P 7 4096 512", readOnly.Disks[0].ExportUri);
        Assert.True(refused.ExitCode != 0, refused.All);
        Assert.All(readOnly.Disks, disk => Assert.Null(disk.OverlayPath));
        Assert.Equal(hashes[0], await HashAsync(readOnly.Disks[0]));
    }

    [Fact]
    public async Task A_mount_holds_its_point_and_goes_with_its_time_with_its_machine_and_with_the_appliance()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        AsrRecoveryPoint point = await CreatePointAsync(lab, agent);
        MountRequest request = new() { RequestId = Guid.NewGuid(), RecoveryPointId = point.Id, LifetimeSeconds = 600 };

        AsrRecoveryPointMount mount = await MountAsync(lab, agent, request);
        AsrRecoveryPointMount same = await MountAsync(lab, agent, request);

        Assert.Equal(mount.MountedAt, same.MountedAt);
        Assert.Equal([point.Id], InUse(lab, agent));
        lab.Time.Advance(TimeSpan.FromSeconds(601));
        await UntilNoneAsync(lab);
        Assert.Empty(InUse(lab, agent));

        await MountAsync(lab, agent, new MountRequest());
        await lab.RestartAsync();
        Assert.Empty(Mounts(lab).List());
        Assert.Empty(Directory.EnumerateFileSystemEntries(new RecoveryFolders(lab.WorkPath).Mounts));

        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.PauseReplication });
        await MountAsync(lab, agent, new MountRequest());
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.DisableReplication });
        Assert.Empty(Mounts(lab).List());
    }

    [Fact]
    public async Task What_a_killed_appliance_has_left_is_swept_at_the_start()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await lab.HaltAsync();
        string left = new RecoveryFolders(lab.WorkPath).MountFolder(Guid.NewGuid());
        Directory.CreateDirectory(left);
        await File.WriteAllTextAsync(Path.Combine(left, "disk.overlay"), "written", RecoveryLab.Stop);
        await File.WriteAllTextAsync(Path.Combine(left, "attached.json"), "{ cut of", RecoveryLab.Stop);

        await lab.BootAsync();

        Assert.False(Directory.Exists(left));
    }

    [Fact]
    public async Task What_is_not_there_is_named_and_nothing_stays_behind()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);

        foreach (MountRequest request in new[]
        {
            new MountRequest { RecoveryPointId = Guid.NewGuid() },
            new MountRequest { DiskIds = [Guid.NewGuid()] },
            new MountRequest { DiskIds = [agent.Disks[0].Id, Guid.Empty] },
            new MountRequest { MachineId = Guid.NewGuid() },
        })
        {
            AsrException error = await Assert.ThrowsAsync<AsrException>(() => MountAsync(lab, agent, request));
            Assert.Equal(AsrErrorCode.NotFound, error.Code);
        }
        AsrRecoveryPointMount one = await MountAsync(lab, agent, new MountRequest { DiskIds = [agent.Disks[1].Id] });
        Assert.Equal(agent.Disks[1].Id, Assert.Single(one.Disks).DiskId);
        Assert.Single(Mounts(lab).List());
        Assert.Single(InUse(lab, agent));
    }

    [Fact]
    public async Task File_systems_are_mounted_on_the_host_and_a_dismount_undoes_all_of_it()
    {
        RequireAttaching();
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab, diskBytes: 16 << 20);
        await WriteFileSystemsAsync(lab, agent);
        string place = Path.Combine(lab.Folder, "attached");

        AsrRecoveryPointMount reading = await MountAsync(lab, agent, new MountRequest { Folder = place });

        AsrMountedVolume whole = Assert.Single(reading.Disks[0].Volumes);
        AsrMountedVolume partition = Assert.Single(reading.Disks[1].Volumes);
        Assert.Equal((0, "ext4", Path.Combine(place, "disk0")), (whole.Partition, whole.FileSystem, whole.Path));
        Assert.Equal((1, "ext4", Path.Combine(place, "disk1", "p1")), (partition.Partition, partition.FileSystem, partition.Path));
        Assert.Equal("kept in the vault", await File.ReadAllTextAsync(Path.Combine(whole.Path!, "note.txt"), RecoveryLab.Stop));
        Assert.Equal("kept in the vault", await File.ReadAllTextAsync(Path.Combine(partition.Path!, "note.txt"), RecoveryLab.Stop));
        Assert.Equal(16 << 20, new FileInfo(reading.Disks[0].AttachedPath!).Length);
        Assert.Throws<IOException>(() => File.WriteAllText(Path.Combine(whole.Path!, "new.txt"), "new"));

        // A second one beside it, read-only down to the export, and one that can be written.
        AsrRecoveryPointMount readOnly = await MountAsync(lab, agent, new MountRequest { Folder = place + "-ro", IsReadOnly = true });
        Assert.Equal("kept in the vault", await File.ReadAllTextAsync(Path.Combine(readOnly.Disks[0].Volumes[0].Path!, "note.txt"), RecoveryLab.Stop));
        AsrRecoveryPointMount writing = await MountAsync(lab, agent, new MountRequest { Folder = place + "-rw", IsFolderWritable = true });
        string written = Path.Combine(writing.Disks[1].Volumes[0].Path!, "new.txt");
        await File.WriteAllTextAsync(written, "private", RecoveryLab.Stop);

        await using (FileStream open = File.OpenRead(written))
        {
            AsrException busy = await Assert.ThrowsAsync<AsrException>(() => Mounts(lab).DismountAsync(writing.Id, RecoveryLab.Stop));
            Assert.Equal(AsrErrorCode.InUse, busy.Code);
            Assert.Contains(writing.Id, Mounts(lab).List().Select(mount => mount.Id));
        }
        foreach (AsrRecoveryPointMount mount in new[] { reading, readOnly, writing })
        {
            await Mounts(lab).DismountAsync(mount.Id, RecoveryLab.Stop);
            AssertNothingLeft(mount);
        }
        Assert.Empty(InUse(lab, agent));
    }

    [Fact]
    public async Task A_place_that_is_taken_fails_the_mount_and_leaves_nothing()
    {
        RequireAttaching();
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab);
        string place = Path.Combine(lab.Folder, "attached");
        Directory.CreateDirectory(Path.Combine(place, "disk1"));

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => MountAsync(lab, agent, new MountRequest { Folder = place }));

        Assert.Equal(AsrErrorCode.AlreadyExists, error.Code);
        Assert.Equal(["disk1"], Directory.EnumerateFileSystemEntries(place).Select(Path.GetFileName));
        Assert.Empty(Mounts(lab).List());
        Assert.Empty(Directory.EnumerateFileSystemEntries(new RecoveryFolders(lab.WorkPath).Mounts));
    }

    [Fact]
    public async Task The_end_of_the_appliance_lets_go_of_file_systems_that_are_in_use()
    {
        RequireAttaching();
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using LabAgent agent = await ProtectAsync(lab, diskBytes: 16 << 20);
        await WriteFileSystemsAsync(lab, agent);
        AsrRecoveryPointMount mount = await MountAsync(lab, agent, new MountRequest { Folder = Path.Combine(lab.Folder, "attached") });

        await using (FileStream open = File.OpenRead(Path.Combine(mount.Disks[0].Volumes[0].Path!, "note.txt")))
        {
            await lab.RestartAsync();
            AssertNothingLeft(mount);
        }
    }

    private static void RequireAttaching()
    {
        RealTools.RequireRoot();
        RealTools.Require("nbdfuse", "losetup", "mount", "umount", "mkfs.ext4");
        Assert.SkipUnless(File.Exists("/dev/fuse"), "needs /dev/fuse");
    }

    private static void AssertNothingLeft(AsrRecoveryPointMount mount)
    {
        Assert.False(Path.Exists(mount.Folder));
        Assert.DoesNotContain(mount.Folder + "/", File.ReadAllText("/proc/self/mountinfo"), StringComparison.Ordinal);
    }

    /// <summary>An ext4 file system on the whole first disk, and one in a partition of the second.</summary>
    private static async Task WriteFileSystemsAsync(RecoveryLab lab, LabAgent agent)
    {
        const int partitionOffset = 1 << 20;
        string tree = Path.Combine(lab.Folder, "tree");
        Directory.CreateDirectory(tree);
        await File.WriteAllTextAsync(Path.Combine(tree, "note.txt"), "kept in the vault", RecoveryLab.Stop);
        string image = Path.Combine(lab.Folder, "fs.img");
        await RealTools.CheckAsync("mkfs.ext4", "-q", "-d", tree, image, "8M");
        byte[] content = await File.ReadAllBytesAsync(image, RecoveryLab.Stop);
        byte[] table = new byte[partitionOffset];
        table[446 + 4] = 0x83;
        BitConverter.TryWriteBytes(table.AsSpan(446 + 8), partitionOffset / 512);
        BitConverter.TryWriteBytes(table.AsSpan(446 + 12), content.Length / 512);
        (table[510], table[511]) = (0x55, 0xAA);
        await agent.Disks[0].WriteAsync(0, content, RecoveryLab.Stop);
        await agent.Disks[1].WriteAsync(0, table, RecoveryLab.Stop);
        await agent.Disks[1].WriteAsync(partitionOffset, content, RecoveryLab.Stop);
        await CreatePointAsync(lab, agent);
    }

    private static IPointMounts Mounts(RecoveryLab lab) => lab.Services.GetRequiredService<IPointMounts>();

    private static IReadOnlyList<Guid> InUse(RecoveryLab lab, LabAgent agent) => lab.Services.GetRequiredService<PointsInUse>().Of(agent.MachineId);

    private static Task<AsrRecoveryPointMount> MountAsync(RecoveryLab lab, LabAgent agent, MountRequest request) => Mounts(lab).MountAsync(
        request with { MachineId = request.MachineId == Guid.Empty ? agent.MachineId : request.MachineId, RequestId = request.RequestId == Guid.Empty ? Guid.NewGuid() : request.RequestId }, "tester", RecoveryLab.Stop);

    private static async Task UntilNoneAsync(RecoveryLab lab)
    {
        while (Mounts(lab).List().Count > 0)
        {
            await Task.Delay(50, RecoveryLab.Stop);
        }
    }

    private static async Task<string> HashAsync(AsrMountedDisk disk)
    {
        await using IBlockDevice export = await ConnectAsync(disk);
        return await LabAgent.HashAsync(export);
    }

    private static async Task WriteAsync(AsrMountedDisk disk, long offset)
    {
        await using IBlockDevice export = await ConnectAsync(disk);
        await export.WriteAsync(offset, RandomNumberGenerator.GetBytes(4096), RecoveryLab.Stop);
        await export.FlushAsync(RecoveryLab.Stop);
    }

    private static async Task<IBlockDevice> ConnectAsync(AsrMountedDisk disk) => await NbdClient.ConnectAsync(NbdUri.Parse(disk.ExportUri), RecoveryLab.Stop);
}
