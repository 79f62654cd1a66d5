using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>Contents that lie side by side in one object are read at once, and each still comes to its own place.</summary>
public sealed class ContentRunTests
{
    private const int Region = ReplicationLimits.DigestRegionBytes;
    private const int Regions = 16;
    private const long DiskBytes = Regions * Region;

    private readonly Guid _diskId = Guid.NewGuid();
    private readonly CountingFileLayer _files = new(new SimulatedFileLayer());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Contents_in_the_order_of_the_disk_take_one_read()
    {
        await using SealedVault vault = await WriteAsync([.. Enumerable.Range(0, Regions)]);

        Assert.Equal(1, await CountReadsAsync(vault));
    }

    [Fact]
    public async Task Contents_in_any_other_order_come_to_their_places()
    {
        await using SealedVault vault = await WriteAsync([4, 5, 6, 7, 0, 1, 2, 3, 15, 14, 13, 12, 8, 9, 10, 11]);

        // Two runs of four, four single ones, a run of four.
        Assert.Equal(7, await CountReadsAsync(vault));
    }

    [Fact]
    public async Task A_part_of_a_content_among_whole_ones_comes_to_its_place()
    {
        await using SealedVault vault = await WriteAsync([.. Enumerable.Range(0, Regions)]);
        await using IBlockDevice point = await vault.OpenAsync(_diskId, new StreamPosition(1, Regions), Cancel);
        byte[] content = new byte[(3 * Region) + 1024];

        await point.ReadAsync(Region - 512, content, Cancel);

        Assert.Equal(Expected(Region - 512, content.Length), content);
    }

    private static byte[] Expected(long offset, int length) => [.. Enumerable.Range(0, length).Select(at => (byte)(((offset + at) / Region) + 1))];

    private async Task<SealedVault> WriteAsync(int[] order)
    {
        SealedVault vault = await TestVault.OpenAsync(_files, cacheBytes: 1 << 20);
        OpenSessionRequest request = new() { MachineId = Guid.NewGuid(), SizeBytes = DiskBytes, Nonce = Guid.NewGuid() };
        await using IReplicaWriter writer = await vault.TakeOverAsync(_diskId, request, Cancel);
        await writer.AppendAsync(
            BatchMaker.Writes(_diskId, 1, 1, DiskBytes, [.. order.Select(region => ((long)region * Region, Region, (byte)(region + 1)))]), Cancel);
        return vault;
    }

    /// <summary>Reads the whole disk and returns how often the files were opened for it, the tables being known.</summary>
    private async Task<int> CountReadsAsync(SealedVault vault)
    {
        await using IBlockDevice point = await vault.OpenAsync(_diskId, new StreamPosition(1, Regions), Cancel);
        byte[] content = new byte[DiskBytes];
        await point.ReadAsync(0, content.AsMemory(0, Region), Cancel);
        int before = _files.Opened;

        await point.ReadAsync(0, content, Cancel);

        Assert.Equal(Expected(0, content.Length), content);
        return _files.Opened - before;
    }

    private sealed class CountingFileLayer(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public int Opened { get; private set; }

        public override IFileReader? OpenRead(string path)
        {
            Opened++;
            return base.OpenRead(path);
        }
    }
}
