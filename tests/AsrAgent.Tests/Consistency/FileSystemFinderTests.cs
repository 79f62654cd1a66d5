using System;
using System.IO;
using System.Linq;
using Asr.Agent.Consistency;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>Which file systems lie on which disks, in machines made of folders and links as <c>/sys</c> has them.</summary>
public sealed class FileSystemFinderTests : IDisposable
{
    private readonly TemporaryFolder _sys = new();

    public void Dispose() => _sys.Dispose();

    [Fact]
    public void APartitionLiesOnItsDisk()
    {
        AddDisk("sda", "8:0");
        AddPartition("sda", "sda1", "8:1");
        AddDisk("sdb", "8:16");
        AddPartition("sdb", "sdb1", "8:17");
        Assert.Equal(["/"], Find("8:0", Mount(1, "8:1", "/"), Mount(2, "8:17", "/data")));
        Assert.Equal(["/data"], Find("8:16", Mount(1, "8:1", "/"), Mount(2, "8:17", "/data")));
        Assert.Equal(["/"], Find("8:1", Mount(1, "8:1", "/"), Mount(2, "8:17", "/data")));
    }

    [Fact]
    public void AVolumeLiesOnAllThatItsArraysAreMadeOf()
    {
        AddDisk("sda", "8:0");
        AddPartition("sda", "sda1", "8:1");
        AddDisk("sdb", "8:16");
        AddDisk("md0", "9:0", "8:1", "8:16");
        AddDisk("dm-0", "253:0", "9:0");
        Assert.Equal(["/"], Find("8:0", Mount(1, "253:0", "/")));
        Assert.Equal(["/"], Find("8:16", Mount(1, "253:0", "/")));
        Assert.Equal(["/"], Find("253:0", Mount(1, "253:0", "/")));
        Assert.Empty(Find("8:32", Mount(1, "253:0", "/")));
    }

    [Fact]
    public void AFileSystemIsFoundOnceHoweverOftenItIsMounted()
    {
        AddDisk("sda", "8:0");
        MountedFileSystem found = Assert.Single(Finder(Mount(1, "8:0", "/"), Mount(2, "8:0", "/bind")).Find([new DeviceNumber(8, 0)]));
        Assert.Equal(["/", "/bind"], found.Mounts.Select(mount => mount.MountPoint));
    }

    [Fact]
    public void AReadOnlyOneIsLeftOut()
    {
        AddDisk("sda", "8:0");
        Assert.Empty(Find("8:0", Mount(1, "8:0", "/") with { IsReadOnly = true }));
    }

    [Fact]
    public void WhatStandsOnAnotherComesFirst()
    {
        AddDisk("sda", "8:0");
        AddLoop("loop0", "7:0", "/var/images/one");
        AddLoop("loop1", "7:1", "/mnt/one/two");
        MountEntry[] mounts = [Mount(1, "8:0", "/"), Mount(2, "7:0", "/mnt/one"), Mount(3, "7:1", "/mnt/two")];
        Assert.Equal(["/mnt/two", "/mnt/one", "/"], Find("8:0", mounts));
        Assert.Equal(["/mnt/two", "/mnt/one"], Find("7:0", mounts));
    }

    [Fact]
    public void TheHeightIsThatOfTheHighestMember()
    {
        // An array of a file on the root and a file on a file system that itself is on a file on the root.
        AddDisk("sda", "8:0");
        AddLoop("loop0", "7:0", "/one");
        AddLoop("loop1", "7:1", "/mnt/one/two");
        AddLoop("loop2", "7:2", "/three");
        AddDisk("md0", "9:0", "7:2", "7:1");
        MountEntry[] mounts = [Mount(1, "8:0", "/"), Mount(2, "9:0", "/mnt/array"), Mount(3, "7:0", "/mnt/one")];
        Assert.Equal([2, 1, 0], Finder(mounts).Find([new DeviceNumber(8, 0)]).Select(fileSystem => fileSystem.Height));
        Assert.Equal(["/mnt/array", "/mnt/one", "/"], Find("8:0", mounts));
    }

    [Fact]
    public void WhatSeemsToStandOnItselfEnds()
    {
        AddLoop("loop0", "7:0", "/mnt/one/image");
        Assert.Equal(["/mnt/one"], Find("7:0", Mount(1, "7:0", "/mnt/one")));
    }

    [Fact]
    public void AFileBelowTwoMountsLiesOnTheLast()
    {
        AddDisk("sda", "8:0");
        AddDisk("sdb", "8:16");
        AddLoop("loop0", "7:0", "/data/image");
        MountEntry[] mounts = [Mount(1, "8:0", "/data"), Mount(2, "8:16", "/data"), Mount(3, "7:0", "/mnt"), Mount(4, "8:32", "/dat")];
        Assert.Equal(["/mnt", "/data"], Find("8:16", mounts));
    }

    [Fact]
    public void WhatIsGoneFromSysLiesOnItself() => Assert.Equal(["/x"], Find("8:0", Mount(1, "8:0", "/x")));

    private static MountEntry Mount(int id, string device, string mountPoint) => new(id, Number(device), mountPoint, "ext4", "none", IsReadOnly: false);

    private static DeviceNumber Number(string text)
    {
        Assert.True(DeviceNumber.TryParse(text, out DeviceNumber number));
        return number;
    }

    private FileSystemFinder Finder(params MountEntry[] mounts) => new(new BlockDevices(_sys.Path), mounts);

    private string[] Find(string disk, params MountEntry[] mounts) =>
        [.. Finder(mounts).Find([Number(disk)]).Select(fileSystem => fileSystem.Mounts[0].MountPoint)];

    private void AddDisk(string name, string number, params string[] slaves)
    {
        string folder = AddDevice(_sys.At("devices/" + name), number);
        foreach (string slave in slaves)
        {
            string link = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "slaves")).FullName, slave.Replace(':', '-'));
            File.CreateSymbolicLink(link, Directory.ResolveLinkTarget(_sys.At("dev/block/" + slave), returnFinalTarget: true)!.FullName);
        }
    }

    private void AddPartition(string disk, string name, string number) =>
        File.WriteAllText(Path.Combine(AddDevice(_sys.At($"devices/{disk}/{name}"), number), "partition"), "1\n");

    private void AddLoop(string name, string number, string file)
    {
        string folder = AddDevice(_sys.At("devices/" + name), number);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "loop")).FullName, "backing_file"), file + "\n");
    }

    private string AddDevice(string folder, string number)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "dev"), number + "\n");
        Directory.CreateDirectory(_sys.At("dev/block"));
        File.CreateSymbolicLink(_sys.At("dev/block/" + number), folder);
        return folder;
    }
}
