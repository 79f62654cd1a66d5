using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Agent.Disks;
using Asr.Agent.Tests.Doubles;
using Xunit;

namespace Asr.Agent.Tests.Disks;

public sealed class DiskDiscoveryTests : IDisposable
{
    private readonly FakeSysfs _machine = new();

    [Theory]
    [InlineData("sda")]
    [InlineData("vda")]
    [InlineData("nvme0n1")]
    [InlineData("xvda")]
    [InlineData("mmcblk0")]
    [InlineData("srx1")]
    public void AWholeDiskIsFound(string name)
    {
        _machine.Add(name);
        FoundDisk disk = Assert.Single(Find());
        Assert.Equal((name, _machine.Device(name), FakeSysfs.DiskBytes), (disk.KernelName, disk.Path, disk.SizeBytes));
        Assert.Empty(disk.Ids);
    }

    [Theory]
    [InlineData("loop0")]
    [InlineData("ram0")]
    [InlineData("zram0")]
    [InlineData("sr0")]
    [InlineData("fd0")]
    [InlineData("nbd0")]
    [InlineData("dm-0")]
    [InlineData("md127")]
    public void WhatHoldsNoDataOfItsOwnIsNoDisk(string name)
    {
        _machine.Add(name);
        Assert.Empty(Find());
    }

    [Theory]
    [InlineData("size", "0")]
    [InlineData("ro", "1")]
    [InlineData("removable", "1")]
    [InlineData("hidden", "1")]
    [InlineData("slaves/sdb", "")]
    public void ADiskThatCannotBeProtectedIsLeftOut(string attribute, string value)
    {
        _machine.Add("sda", (attribute, value));
        Assert.Empty(Find());
    }

    [Fact]
    public void TheSurestIdComesFirst()
    {
        _machine.Add("sda", ("device/wwid", "naa.5000c500a1b2c3d4"), ("device/vpd_pg80", "\0\u0001\0\u0008WD-12345"));
        _machine.Link("ata-WDC_WD-12345", "sda");
        Assert.Equal(["wwid:naa.5000c500a1b2c3d4", "serial:WD-12345", "by-id:ata-WDC_WD-12345"], Assert.Single(Find()).Ids);
    }

    [Fact]
    public void LinksLeadToTheirDisk()
    {
        _machine.Add("sda");
        _machine.Add("sdb");
        string link = _machine.Link("usb-Stick", "sdb");
        _machine.Link("usb-Gone", "sdz");
        Assert.Equal([_machine.Device("sdb"), link], Find()[1].Paths);
        Assert.Equal([_machine.Device("sda")], Find()[0].Paths);
    }

    [Fact]
    public void ASlashInANameIsFoundBelowItsFolder()
    {
        System.IO.Directory.CreateDirectory(_machine.Device("cciss"));
        _machine.Add("cciss!c0d0");
        Assert.Equal(_machine.Device("cciss/c0d0"), Assert.Single(Find()).Path);
    }

    [Fact]
    public void ANewSizeIsSeenAndAnotherDiskOfTheNameIsAnotherDisk()
    {
        DiskDiscovery discovery = _machine.Discovery();
        _machine.Add("sda", ("serial", "one"));
        Assert.Equal(["serial:one"], Assert.Single(discovery.Find()).Ids);

        _machine.Set("sda", "size", "4096");
        Assert.Equal(2 << 20, Assert.Single(discovery.Find()).SizeBytes);

        _machine.Remove("sda");
        Assert.Empty(discovery.Find());
        _machine.Add("sda", ("serial", "two"));
        Assert.Equal(["serial:two"], Assert.Single(discovery.Find()).Ids);
    }

    [Fact]
    public void ThisMachineCanBeRead() => Assert.All(new DiskDiscovery().Find(), disk => Assert.True(disk.SizeBytes > 0));

    public void Dispose() => _machine.Dispose();

    private IReadOnlyList<FoundDisk> Find() => _machine.Discovery().Find();
}
