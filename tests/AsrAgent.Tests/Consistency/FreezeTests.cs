using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>Real file systems on loop devices, frozen and thawed. Needs root; never touches a file system of the machine itself.</summary>
public sealed class FreezeTests : IDisposable
{
    private static readonly TimeSpan Ample = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly TemporaryFolder _temporary = new();
    private readonly ThawWatchdog _watchdog = FreezerProcess.Watchdog();
    private readonly FileSystemQuiescence _quiescence;

    public FreezeTests() => _quiescence = new FileSystemQuiescence(NotePath, _watchdog, TimeProvider.System);

    private string NotePath => _temporary.At("run/frozen.json");

    public void Dispose()
    {
        _quiescence.Dispose();
        _temporary.Dispose();
    }

    [Fact]
    public async Task WritersOfAllFileSystemsWaitForTheThaw()
    {
        await using LoopVolume one = await LoopVolume.MountAsync("ext4");
        await using LoopVolume two = await LoopVolume.MountAsync("xfs");
        _quiescence.WriteBack([one.Disk, two.Disk]);
        Task[] writes;
        using (IQuietMoment moment = Begin(Ample, one.Disk, two.Disk))
        {
            Assert.Equal(new[] { one.MountPoint, two.MountPoint }.Order(), moment.FileSystems.Order());
            Assert.Empty(moment.Unfreezable);
            writes = [one.WriteAsync(), two.WriteAsync()];
            await Task.Delay(100, TestContext.Current.CancellationToken);
            Assert.All(writes, write => Assert.False(write.IsCompleted));
            Assert.True(moment.End());
        }

        await Task.WhenAll(writes);
        Assert.False(File.Exists(NotePath));
    }

    [Fact]
    public async Task OneMomentAfterAnotherHasTheSameWatchdog()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        HashSet<int?> watchdogs = [];
        for (int i = 0; i < 20; i++)
        {
            using IQuietMoment moment = Begin(Ample, volume.Disk);
            Assert.True(moment.End());
            watchdogs.Add(_watchdog.ProcessId);
        }

        Assert.Single(watchdogs);
        await volume.WriteAsync();
    }

    [Fact]
    public async Task AFileSystemOnAPartitionBelongsToTheDisk()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4", isPartitioned: true);
        Assert.NotEqual(volume.Device, volume.Disk);
        using IQuietMoment moment = Begin(Ample, volume.Disk);
        Assert.Equal([volume.MountPoint], moment.FileSystems);
        Assert.True(moment.End());
    }

    [Fact]
    public async Task BoundTwiceItIsFrozenOnce()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        Directory.CreateDirectory(volume.At("part"));
        string bound = Directory.CreateDirectory(_temporary.At("bound here")).FullName;
        await RealTools.CheckAsync("mount", "--bind", volume.At("part"), bound);
        try
        {
            await RealTools.CheckAsync("mount", "-o", "remount,ro,bind", bound);
            using IQuietMoment moment = Begin(Ample, volume.Disk);
            Assert.Single(moment.FileSystems);
            Assert.True(moment.End());
        }
        finally
        {
            await RealTools.CheckAsync("umount", bound);
        }
    }

    [Fact]
    public async Task AReadOnlyOneStaysAsItIs()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        await RealTools.CheckAsync("mount", "-o", "remount,ro", volume.MountPoint);
        using IQuietMoment moment = Begin(Ample, volume.Disk);
        Assert.Empty(moment.FileSystems);
        Assert.True(moment.End());
    }

    [Fact]
    public async Task AFileSystemInAFileIsFrozenBeforeTheOneThatHoldsIt()
    {
        await using LoopVolume outer = await LoopVolume.MountAsync("xfs");
        await using LoopVolume inner = await LoopVolume.MountAsync("ext4", below: outer.MountPoint);
        for (int i = 0; i < 3; i++)
        {
            // Dirty, so that the freeze of the inner one must write through the outer one.
            await File.WriteAllBytesAsync(inner.At("dirty"), new byte[1 << 20], TestContext.Current.CancellationToken);
            using IQuietMoment moment = Begin(Ample, outer.Disk);
            Assert.Equal([inner.MountPoint, outer.MountPoint], moment.FileSystems);
            Assert.True(moment.End());
        }
    }

    [Fact]
    public async Task OverTheBudgetTheyAreThawedAndTheMomentWasNone()
    {
        await using LoopVolume outer = await LoopVolume.MountAsync("ext4");
        await using LoopVolume inner = await LoopVolume.MountAsync("ext4", below: outer.MountPoint);
        using IQuietMoment moment = Begin(Short, outer.Disk);
        await Task.WhenAll(inner.WriteAsync(), outer.WriteAsync());
        Assert.False(moment.End());
        using IQuietMoment next = Begin(Ample, outer.Disk);
        Assert.True(next.End());
    }

    [Fact]
    public async Task OneThatCannotBeFrozenLeavesNoneFrozen()
    {
        RealTools.Require("fsfreeze");
        await using LoopVolume one = await LoopVolume.MountAsync("ext4");
        await using LoopVolume two = await LoopVolume.MountAsync("ext4");
        await RealTools.CheckAsync("fsfreeze", "--freeze", two.MountPoint);
        AsrException error = Assert.Throws<AsrException>(() => Begin(Ample, one.Disk, two.Disk));
        Assert.Equal(AsrErrorCode.QuiesceFailed, error.Code);
        Assert.Equal(two.MountPoint, error.Target);
        await one.WriteAsync();
        Assert.False(File.Exists(NotePath));

        // The other program's freeze is not ours to end.
        await RealTools.CheckAsync("fsfreeze", "--unfreeze", two.MountPoint);
        using IQuietMoment moment = Begin(Ample, one.Disk, two.Disk);
        Assert.True(moment.End());
    }

    [Fact]
    public async Task WhatAnotherMountCoversIsRefusedByName()
    {
        await using LoopVolume below = await LoopVolume.MountAsync("ext4");
        await RealTools.CheckAsync("mount", "-t", "tmpfs", "cover", below.MountPoint);
        try
        {
            AsrException error = Assert.Throws<AsrException>(() => Begin(Ample, below.Disk));
            Assert.Equal((AsrErrorCode.QuiesceFailed, below.MountPoint), (error.Code, error.Target));
        }
        finally
        {
            await RealTools.CheckAsync("umount", below.MountPoint);
        }
    }

    [Fact]
    public async Task TheAgentKilledInTheMiddleIsThawedAtOnce()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");

        // A budget that would outlast the test: the end of the agent is what counts.
        await using FreezerProcess agent = await FreezerProcess.FreezeAsync(volume.Disk, NotePath, TimeSpan.FromHours(1));
        Task write = volume.WriteAsync();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(write.IsCompleted);
        await agent.KillAsync();
        await write;
    }

    [Fact]
    public async Task TheAgentStoppedInTheMiddleIsThawedByItsBudget()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        await using FreezerProcess agent = await FreezerProcess.FreezeAsync(volume.Disk, NotePath, TimeSpan.FromSeconds(1));
        await agent.StopAsync();
        await volume.WriteAsync();
    }

    [Fact]
    public async Task WithItsWatchdogGoneTooTheNextAgentThaws()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        await using FreezerProcess agent = await FreezerProcess.FreezeAsync(volume.Disk, NotePath, TimeSpan.FromHours(1));

        // While that agent lives, its freeze is its own.
        Assert.Empty(FreezeNote.ThawLeftovers(NotePath));
        await agent.KillWatchdogAsync();
        await agent.KillAsync();
        Task write = volume.WriteAsync();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(write.IsCompleted);
        Assert.Equal([volume.MountPoint], FreezeNote.ThawLeftovers(NotePath));
        await write;
        Assert.Empty(FreezeNote.ThawLeftovers(NotePath));
    }

    [Fact]
    public async Task AWatchdogThatDiedIsReplacedBeforeAnythingIsFrozen()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        using (IQuietMoment moment = Begin(Ample, volume.Disk))
        {
            Assert.True(moment.End());
        }

        int first = _watchdog.ProcessId!.Value;
        await RealTools.CheckAsync("kill", "-KILL", first.ToString(CultureInfo.InvariantCulture));
        using IQuietMoment next = Begin(Short, volume.Disk);
        Assert.NotEqual(first, _watchdog.ProcessId);
        await volume.WriteAsync();
        Assert.False(next.End());
    }

    [Fact]
    public async Task WithoutAWatchdogNothingIsFrozen()
    {
        await using LoopVolume volume = await LoopVolume.MountAsync("ext4");
        using FileSystemQuiescence unguarded = new(NotePath, new ThawWatchdog("/bin/false", []), TimeProvider.System);
        AsrException error = Assert.Throws<AsrException>(() => unguarded.Begin([volume.Disk], Ample));
        Assert.Equal(AsrErrorCode.QuiesceFailed, error.Code);
        await volume.WriteAsync();
    }

    [Fact]
    public async Task AllSubvolumesOfABtrfsAreOneFileSystem()
    {
        Assert.SkipWhen(RealTools.Find("btrfs") is null, "needs btrfs: install the Debian package btrfs-progs");
        await using LoopVolume volume = await LoopVolume.MountAsync("btrfs");
        await RealTools.CheckAsync("btrfs", "subvolume", "create", volume.At("sub"));
        string mounted = Directory.CreateDirectory(_temporary.At("sub")).FullName;
        await RealTools.CheckAsync("mount", "-o", "subvol=sub", volume.Disk, mounted);
        try
        {
            using IQuietMoment moment = Begin(Ample, volume.Disk);
            Assert.Single(moment.FileSystems);
            Task write = Task.Run(() => File.WriteAllText(Path.Combine(mounted, "file"), "x"), TestContext.Current.CancellationToken);
            await Task.Delay(50, TestContext.Current.CancellationToken);
            Assert.False(write.IsCompleted);
            Assert.True(moment.End());
            await write;
        }
        finally
        {
            await RealTools.CheckAsync("umount", mounted);
        }
    }

    [Fact]
    public void ADiskWithoutFileSystemsAddsNothing()
    {
        using IQuietMoment moment = _quiescence.Begin([_temporary.At("no-device")], Ample);
        Assert.Empty(moment.FileSystems);
        Assert.True(moment.End());
    }

    // Every device here is a loop device of this test; should one ever lead to the machine's own root, freezing it would stop the test itself.
    private IQuietMoment Begin(TimeSpan budget, params string[] disks)
    {
        IEnumerable<DeviceNumber> numbers = disks.Select(disk => BlockDevices.NumberOf(disk)!.Value);
        Assert.DoesNotContain(
            new FileSystemFinder(new BlockDevices(), MountTable.Read()).Find([.. numbers]),
            fileSystem => fileSystem.Mounts.Any(mount => mount.MountPoint == "/"));
        return _quiescence.Begin(disks, budget);
    }
}
