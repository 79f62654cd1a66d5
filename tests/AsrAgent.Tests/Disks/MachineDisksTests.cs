using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Capture;
using Asr.Agent.Disks;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Asr.Agent.Tests.Disks;

/// <summary>Disks of this machine that come, grow and go while they are tracked: loop devices, which count as disks here.</summary>
public sealed class MachineDisksTests : IAsyncDisposable
{
    private const int DiskBytes = 4 << 20;

    private readonly TemporaryFolder _temporary = new();
    private readonly List<string> _devices = [];
    private readonly List<DiskCapture> _withdrawn = [];

    private readonly StateFolder _folder;

    public MachineDisksTests() => _folder = StateFolder.OpenOrCreate(_temporary.At("state"));

    [Fact]
    public async Task ADiskIsTakenUpMissedWhenItGoesAndRefusedWhenItHasGrown()
    {
        RealTools.RequireRoot();
        RealTools.Require("losetup");
        string first = await AttachAsync("first");
        DiskDiscovery discovery = new(name => _devices.Contains("/dev/" + name));
        await using MachineDisks disks = await MachineDisks.OpenAsync(
            _folder, new DiskPlan([], TakesMachineDisks: true, new DiskExclusion([])), discovery, areOffline: false, NullLoggerFactory.Instance);
        DiskCapture capture = Assert.Single(disks.Served).Capture;
        Assert.Equal((Path.GetFileName(first), DiskBytes), (capture.Name, capture.Length));

        // The second look takes it.
        string second = await AttachAsync("second");
        Assert.Empty(await FollowAsync(disks));
        Assert.Equal(Path.GetFileName(second), Assert.Single(await FollowAsync(disks)).Name);

        await RealTools.CheckAsync("truncate", "--size", (2 * DiskBytes).ToString(), _temporary.At("first"));
        await RealTools.CheckAsync("losetup", "--set-capacity", first);
        Assert.Empty(await FollowAsync(disks));
        Assert.Equal([capture], _withdrawn);
        RefusedDisk grown = Assert.Single(disks.Refused);
        Assert.Equal((capture.Id, AsrErrorCode.DiskSizeChanged), (grown.Entry.Id, grown.Error.Code));

        await DetachAsync(second);
        await FollowAsync(disks);
        Assert.Empty(disks.Served);
        Assert.Equal(AsrErrorCode.DiskGone, disks.Refused.Single(refused => refused.Option.Name == Path.GetFileName(second)).Error.Code);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (string device in _devices.ToArray())
        {
            await DetachAsync(device);
        }

        foreach (DiskEntry entry in DiskRegistry.Load(_folder).Recognised)
        {
            File.Delete(TrackedDisk.ActivityLogPath(entry.Id));
            if (Directory.Exists(TrackedDisk.PinPath(entry.Id)))
            {
                Directory.Delete(TrackedDisk.PinPath(entry.Id), recursive: true);
            }
        }

        _temporary.Dispose();
    }

    private Task<IReadOnlyList<DiskCapture>> FollowAsync(MachineDisks disks) => disks.FollowAsync(areOffline: false, disk =>
    {
        _withdrawn.Add(disk);
        return Task.CompletedTask;
    });

    private async Task<string> AttachAsync(string name)
    {
        await using (FileStream image = File.Create(_temporary.At(name)))
        {
            image.SetLength(DiskBytes);
        }

        string device = (await RealTools.CheckAsync("losetup", "--find", "--show", _temporary.At(name))).Trim();
        _devices.Add(device);
        return device;
    }

    private async Task DetachAsync(string device)
    {
        _devices.Remove(device);
        await RealTools.CheckAsync("losetup", "--detach", device);
    }
}
