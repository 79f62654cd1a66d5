using System.IO;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>The drill with the real agent and the real appliance as processes.</summary>
public sealed class DrillTests
{
    [Fact]
    public async Task A_test_failover_equals_the_source_and_its_clean_up_leaves_nothing()
    {
        await using DrSite site = await DrSite.StartProtectedAsync();
        await using IBlockDevice disk = await site.OpenDiskAsync();
        await DrSite.WriteAsync(disk, 3 << 20, 300_000 / 512 * 512);
        await disk.ZeroAsync(1 << 20, 200 << 10, punchHole: true, TestContext.Current.CancellationToken);
        AsrRecoveryPoint point = await site.PointAfterNowAsync();
        string folder = site.At("drill");
        Directory.CreateDirectory(folder);

        await site.RunAsync(new OperationRequest
        {
            Operation = MachineOperation.TestFailover, RecoveryPointId = point.Id, Folder = folder, Materialize = true,
        });

        FailoverDisk copy = (await site.MachineAsync()).TestFailover!.Disks[0];
        string source = await site.HashSourceAsync();
        Assert.Equal(source, copy.Sha256);
        Assert.Equal(source, await DrSite.HashFileAsync(copy.Path!));
        await using (IBlockDevice export = await DrSite.OpenAsync(copy))
        {
            Assert.Equal(source, await DrSite.HashAsync(export));
        }

        if (RealTools.Find("nbdcopy") is not null)
        {
            await RealTools.CheckAsync("nbdcopy", copy.ExportUri, site.At("export.raw"));
            Assert.Equal(source, await DrSite.HashFileAsync(site.At("export.raw")));
        }

        await site.RunAsync(MachineOperation.CleanUpTestFailover);

        Assert.Null((await site.MachineAsync()).TestFailover);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.WorkPath, "overlays")));
    }
}
