using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Asr.Agent.Disks;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Asr.Agent.Tests.Disks;

/// <summary>Which disks are wanted as a machine's disks come, grow, move and go.</summary>
public sealed class DiskWatchTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly FakeSysfs _machine = new();
    private readonly StateFolder _folder;
    private DiskWatch _watch;

    public DiskWatchTests()
    {
        _folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        _watch = Start();
    }

    [Fact]
    public void EveryDiskIsWanted()
    {
        _machine.Add("sda");
        _machine.Add("nvme0n1");
        Assert.Equal(["nvme0n1", "sda"], _watch.Look().Select(disk => disk.Option.Name));
        Assert.All(_watch.Look(), disk => Assert.Equal((FakeSysfs.DiskBytes, null), (disk.SizeBytes, disk.Refusal)));
    }

    [Fact]
    public void AnExcludedOneIsNot()
    {
        _machine.Add("sda");
        _machine.Add("sdb");
        string link = _machine.Link("usb-Stick", "sdb");
        _watch = Start(exclude: link[..^2] + "*");
        Assert.Equal(["sda"], _watch.Look().Select(disk => disk.Option.Name));
    }

    [Fact]
    public void ADiskKeepsItsNameWhenTheKernelSwapsTwo()
    {
        _machine.Add("sda", ("serial", "one"));
        _machine.Add("sdb", ("serial", "two"));
        _watch.Look();

        _machine.Remove("sda");
        _machine.Remove("sdb");
        _machine.Add("sda", ("serial", "two"));
        _machine.Add("sdb", ("serial", "one"));
        _watch = Start();

        Assert.Equal([("sda", _machine.Device("sdb")), ("sdb", _machine.Device("sda"))], _watch.Look().Select(disk => (disk.Option.Name, disk.Option.DiskPath)).Order());
        Assert.All(DiskRegistry.Load(_folder).Recognised, entry => Assert.Equal("", entry.Path));
    }

    [Fact]
    public void ADiskWithoutAnIdIsKnownByTheKernelsName()
    {
        _machine.Add("vda");
        _watch.Look();
        Guid id = Assert.Single(DiskRegistry.Load(_folder).Recognised).Id;

        _machine.Set("vda", "diskseq", "9");
        Start().Look();

        DiskEntry again = Assert.Single(DiskRegistry.Load(_folder).Recognised);
        Assert.Equal(id, again.Id);
        Assert.Equal("", again.Path);
    }

    [Fact]
    public void AnIdThatTwoDisksShareTellsNeither()
    {
        _machine.Add("sda", ("serial", "0000"));
        _watch.Look();
        _machine.Add("sdb", ("serial", "0000"));
        _watch = Start();
        IReadOnlyList<WantedDisk> wanted = _watch.Look();
        Assert.Equal([("sda", _machine.Device("sda")), ("sdb", _machine.Device("sdb"))], wanted.Select(disk => (disk.Option.Name, disk.Option.DiskPath)).Order());
        Assert.Equal(2, DiskRegistry.Load(_folder).Recognised.Count());
    }

    [Fact]
    public void TwoPathsToOneDiskAreRefused()
    {
        _machine.Add("sda", ("device/wwid", "naa.1"));
        _machine.Add("sdb", ("device/wwid", "naa.1"));
        _machine.Add("sdc", ("device/wwid", "naa.2"));
        Dictionary<string, AsrErrorCode?> refusals = _watch.Look().ToDictionary(disk => disk.Option.Name, disk => disk.Refusal?.Code);
        Assert.Equal(AsrErrorCode.DiskUnsupported, refusals["sda"]);
        Assert.Equal(AsrErrorCode.DiskUnsupported, refusals["sdb"]);
        Assert.Null(refusals["sdc"]);
    }

    [Fact]
    public void AnAddedDiskIsTakenAtTheSecondLook()
    {
        _machine.Add("sda");
        _watch.Look();
        _machine.Add("sdb");
        Assert.Equal(["sda"], _watch.Look().Select(disk => disk.Option.Name));
        Assert.Equal(["sda", "sdb"], _watch.Look().Select(disk => disk.Option.Name));
    }

    [Fact]
    public void ALinkThatComesAfterItsDiskStillExcludesIt()
    {
        _watch = Start(exclude: _machine.Device("disk/by-id/usb-Stick"));
        _watch.Look();
        _machine.Add("sdb");
        _watch.Look();
        _machine.Link("usb-Stick", "sdb");
        Assert.Empty(_watch.Look());
    }

    [Fact]
    public void ADiskThatGoesIsMissedAndOneThatTakesItsNameIsAnother()
    {
        _machine.Add("sda", ("serial", "one"));
        Assert.Null(Assert.Single(_watch.Look()).Refusal);

        _machine.Remove("sda");
        WantedDisk gone = Assert.Single(_watch.Look());
        Assert.Equal(("sda", AsrErrorCode.DiskGone), (gone.Option.Name, gone.Refusal?.Code));

        _machine.Add("sda", ("serial", "two"));
        _watch.Look();
        IReadOnlyList<WantedDisk> wanted = _watch.Look();
        Assert.Equal(AsrErrorCode.DiskGone, wanted.Single(disk => disk.Option.Name == "sda").Refusal?.Code);
        Assert.Null(wanted.Single(disk => disk.Option.Name == "sda-2").Refusal);

        _machine.Add("sdb", ("serial", "one"));
        _watch.Look();
        WantedDisk back = _watch.Look().Single(disk => disk.Option.Name == "sda");
        Assert.Equal((_machine.Device("sdb"), null), (back.Option.DiskPath, back.Refusal));
        Assert.Equal("", DiskRegistry.Load(_folder).Recognised.Single(entry => entry.Name == "sda").Path);
    }

    [Fact]
    public void AGrownDiskHasItsNewSize()
    {
        _machine.Add("sda");
        _watch.Look();
        DiskRegistry registry = DiskRegistry.Load(_folder);
        registry.Update(registry.Resolve("sda", ""), _machine.Device("sda"), FakeSysfs.DiskBytes, null);
        _watch = Start();
        _machine.Set("sda", "size", "4096");
        WantedDisk grown = Assert.Single(_watch.Look());
        Assert.Equal(("sda", 2 << 20), (grown.Option.Name, grown.SizeBytes));
    }

    [Fact]
    public void ADiskNamedOneByOneIsNotTakenTwice()
    {
        _machine.Add("sda", ("serial", "one"));
        _watch.Look();
        DiskOption named = new("root", _machine.Device("sda"), null, null);
        _watch = new DiskWatch(new DiskPlan([named], TakesMachineDisks: true, new DiskExclusion([])), _machine.Discovery(), DiskRegistry.Load(_folder), NullLogger.Instance);
        Assert.Equal(new WantedDisk(named, FakeSysfs.DiskBytes), Assert.Single(_watch.Look()));

        _machine.Remove("sda");
        Assert.Equal(AsrErrorCode.DiskGone, _watch.Look().Single(disk => disk.Option == named).Refusal?.Code);
    }

    [Fact]
    public void WithoutTheMachinesDisksOnlyNamedOnesAreWanted()
    {
        _machine.Add("sda");
        DiskOption image = DiskOption.Parse("data=/srv/data.img@unix:/run/data.sock");
        _watch = new DiskWatch(DiskPlan.Of(image), _machine.Discovery(), DiskRegistry.Load(_folder), NullLogger.Instance);
        Assert.Equal(new WantedDisk(image), Assert.Single(_watch.Look()));
    }

    public void Dispose()
    {
        _machine.Dispose();
        _temporary.Dispose();
    }

    private DiskWatch Start(params string[] exclude) =>
        new(new DiskPlan([], TakesMachineDisks: true, new DiskExclusion(exclude)), _machine.Discovery(), DiskRegistry.Load(_folder), NullLogger.Instance);
}
