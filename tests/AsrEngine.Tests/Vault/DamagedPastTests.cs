using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Ingest;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>A part of a disk's past that is damaged or gone: what it concerns is refused by its name, the writer goes on, and what is sent anew is whole.</summary>
public abstract class DamagedPastTests(VaultStorage storage) : VaultTest(storage)
{
    private const int Region = ReplicationLimits.DigestRegionBytes;
    private const long DiskBytes = 4 * Region;

    private static readonly CompactionOptions Eager = new() { DeadShareMin = 0, DeadShareLeft = 0, SmallObjectsMin = 2 };

    private readonly Guid _diskId = Guid.NewGuid();
    private readonly Guid _machineId = Guid.NewGuid();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_takes_over_beside_an_unreadable_table_and_what_it_sends_anew_is_whole(bool isGone)
    {
        await WriteAsync(publish: 4);
        string segment = Damage(2, isGone);
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await AssertNamedAsync(segment, () => ReadAsync(vault, new StreamPosition(1, 2)));
        await AssertNamedAsync(segment, () => ReadAsync(vault, new StreamPosition(1, 4)));

        await using IReplicaWriter writer = await TakeOverAsync(vault);

        Assert.Equal(new StreamPosition(1, 4), writer.Session.Parent);
        Assert.Equal(writer.Damage!.Target, (await Assert.ThrowsAsync<StoredObjectException>(() => ReadAsync(vault, new StreamPosition(1, 4)))).Target);
        await AssertNamedAsync(segment, async () => await writer.Current.ReadAsync(0, new byte[512], Cancel));

        // What was written after it is known; what it wrote, and what it may have written over, is not until it is sent anew.
        await AssertDigestsAsync(writer.Current, null, null, 3, 4);
        await writer.AppendAsync(BatchMaker.Writes(_diskId, 2, 5, DiskBytes, (Region, Region, 22)), Cancel);
        await AssertDigestsAsync(writer.Current, null, 22, 3, 4);
        await AssertNamedAsync(segment, () => ReadAsync(vault, new StreamPosition(2, 5)));

        await writer.AppendAsync(BatchMaker.Writes(_diskId, 2, 6, DiskBytes, (0, Region, 21)), Cancel);

        await AssertDigestsAsync(writer.Current, 21, 22, 3, 4);
        await using SealedVault again = await TestVault.OpenAsync(Storage);
        await AssertContentAsync(again, new StreamPosition(2, 6), 21, 22, 3, 4);
        await AssertContentAsync(again, new StreamPosition(1, 1), 1, 0, 0, 0);
        await AssertNamedAsync(segment, () => ReadAsync(again, new StreamPosition(1, 3)));
        await using IReplicaWriter next = await TakeOverAsync(again);
        Assert.Null(next.Damage);
    }

    /// <summary>The writer still knows what the damaged object wrote, and who opens the disk after it must know too.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_table_that_breaks_under_a_writer_costs_only_what_it_wrote(bool isGone)
    {
        await using (SealedVault vault = await TestVault.OpenAsync(Storage, cacheBytes: 16 << 20))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            await WriteAsync(writer);
            await AssertDigestsAsync(writer.Current, 1, 2, 3, 4);
            Damage(2, isGone);
            writer.ForgetRead();
            await AssertDigestsAsync(writer.Current, 1, null, 3, 4);
            await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, 5, DiskBytes, (Region, Region, 2)), Cancel);
            await AssertDigestsAsync(writer.Current, 1, 2, 3, 4);
        }

        await using SealedVault again = await TestVault.OpenAsync(Storage);
        await AssertContentAsync(again, new StreamPosition(1, 5), 1, 2, 3, 4);
        await AssertContentAsync(again, new StreamPosition(1, 1), 1, 0, 0, 0);
        await using IReplicaWriter next = await TakeOverAsync(again);
        Assert.Null(next.Damage);
    }

    /// <summary>A run is damaged in a page, which shows only when it is read.</summary>
    [Fact]
    public async Task A_compaction_does_without_a_damaged_run()
    {
        await using (SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 2))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            await WriteAsync(writer);
        }

        foreach (string run in Storage.Files.Where(static path => path.EndsWith(".idx", StringComparison.Ordinal)).ToArray())
        {
            Storage.FlipBit(run, 1);
        }

        await using SealedVault again = await TestVault.OpenAsync(Storage);
        Assert.True((await again.CompactAsync(_diskId, new KeptHistory { Points = [] }, Eager, Cancel)).PacksWritten > 0);
        await AssertContentAsync(again, new StreamPosition(1, 4), 1, 2, 3, 4);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task A_published_point_behind_a_gap_comes_back_with_the_missing_file(int missing)
    {
        await WriteAsync(publish: 4);
        string path = Segments[missing - 1];
        byte[] content = Storage.Read(path);
        Storage.Delete(path);
        await using (SealedVault vault = await TestVault.OpenAsync(Storage))
        {
            // Before and after another writer has settled where the epoch ends.
            await AssertNamedAsync(path, () => ReadAsync(vault, new StreamPosition(1, 4)));
            await using IReplicaWriter writer = await TakeOverAsync(vault);
            Assert.Equal(new StreamPosition(1, 4), writer.Session.Parent);
            await AssertNamedAsync(path, () => ReadAsync(vault, new StreamPosition(1, 4)));
            await writer.AppendAsync(BatchMaker.Writes(_diskId, 2, 5, DiskBytes, (0, 512, 9)), Cancel);
        }

        Storage.Write(path, content);

        await using SealedVault again = await TestVault.OpenAsync(Storage);
        await AssertContentAsync(again, new StreamPosition(1, 4), 1, 2, 3, 4);
        await AssertContentAsync(again, new StreamPosition(2, 5), 9, 2, 3, 4);
    }

    [Fact]
    public async Task What_follows_a_gap_and_no_one_was_told_of_is_in_no_ones_past()
    {
        await WriteAsync(publish: 1);
        Storage.Delete(Segments[1]);
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        Assert.Equal(new StreamPosition(1, 1), writer.Session.Parent);
        Assert.Equal(AsrErrorCode.RecoveryPointUnavailable, (await Assert.ThrowsAsync<AsrException>(() => ReadAsync(vault, new StreamPosition(1, 4)))).Code);
    }

    [Fact]
    public async Task A_damaged_point_document_keeps_no_writer_from_taking_over()
    {
        await WriteAsync(publish: 3);
        await PublishAsync(4);
        string document = Storage.Files.Where(static path => path.Contains("/points-", StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Last();
        Storage.FlipBit(document, 5);
        Storage.Delete(Segments[1]);
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);

        // What is stored without a gap from the last known position on counts too.
        Assert.Equal(new StreamPosition(1, 4), writer.Session.Parent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_compaction_drops_nothing_that_a_restored_object_will_show(bool isGone)
    {
        await WriteAsync(publish: 4);
        string path = Segments[1];
        byte[] whole = Storage.Read(path);
        Damage(2, isGone);
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        KeptHistory kept = new() { Points = [new StreamPosition(1, 1), new StreamPosition(1, 4)] };

        CompactionResult result = await vault.CompactAsync(_diskId, kept, Eager, Cancel);

        Assert.Equal(isGone ? 0 : 1, result.Damaged.Count);
        if (isGone)
        {
            Storage.Write(path, whole);
        }
        else
        {
            Storage.Write(path, whole);
        }

        await using SealedVault again = await TestVault.OpenAsync(Storage);
        await AssertContentAsync(again, new StreamPosition(1, 1), 1, 0, 0, 0);
        await AssertContentAsync(again, new StreamPosition(1, 4), 1, 2, 3, 4);
    }

    private string[] Segments => [.. Storage.Files.Where(static path => path.EndsWith(".seg", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static byte[] Digest(byte? fill)
    {
        byte[] content = new byte[fill is null ? ReplicationLimits.DigestBytes : Region];
        Array.Fill(content, fill ?? 0xFF);
        return fill is null ? content : RegionDigests.Hash(content);
    }

    private static async Task AssertNamedAsync(string path, Func<Task> read)
    {
        StoredObjectException error = await Assert.ThrowsAsync<StoredObjectException>(read);
        Assert.Contains(error.Code, new[] { AsrErrorCode.SegmentCorrupt, AsrErrorCode.SegmentMissing });
        Assert.Contains(Path.GetFileNameWithoutExtension(path), error.Target, StringComparison.Ordinal);
    }

    /// <summary>Compares the digests of the regions with those of contents of one byte each; null for damage.</summary>
    private static async Task AssertDigestsAsync(IBlockDevice device, params byte?[] fills)
    {
        byte[] digests = await RegionDigests.ComputeAsync(device, new DigestRequest { Count = 4 }, DamageInHashes.Differs, Cancel);
        byte[] expected = [.. fills.SelectMany(Digest)];
        Assert.Equal(expected, digests);
    }

    /// <summary>Four segments of one change each, one for each region.</summary>
    private async Task WriteAsync(long publish)
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await WriteAsync(writer);
        await PublishAsync(publish);
    }

    private async Task WriteAsync(IReplicaWriter writer)
    {
        for (int i = 1; i <= 4; i++)
        {
            await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, i, DiskBytes, ((i - 1) * Region, Region, (byte)i)), Cancel);
        }
    }

    private async Task PublishAsync(long sequence)
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await new RecoveryPointLog(vault.Catalog).PublishAsync(
            new AsrRecoveryPoint
            {
                Id = Guid.NewGuid(),
                MachineId = _machineId,
                Time = TimeProvider.System.GetUtcNow(),
                Disks = [new RecoveryPointDisk { DiskId = _diskId, Name = "disk", SizeBytes = DiskBytes, Epoch = 1, Sequence = sequence }],
            },
            Cancel);
    }

    /// <summary>Breaks the table of the segment of a change, or removes it, and returns its path.</summary>
    private string Damage(int change, bool isGone)
    {
        string path = Segments[change - 1];
        if (isGone)
        {
            Storage.Delete(path);
        }
        else
        {
            Storage.FlipBit(path, (Storage.Read(path).Length * 8) - 5);
        }

        return path;
    }

    private Task<IReplicaWriter> TakeOverAsync(SealedVault vault) =>
        vault.TakeOverAsync(_diskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = _machineId, SizeBytes = DiskBytes }, Cancel);

    private async Task AssertContentAsync(SealedVault vault, StreamPosition position, params int[] expected)
    {
        int[] actual = await ReadAsync(vault, position);
        Assert.Equal(expected, actual);
    }

    private async Task<int[]> ReadAsync(SealedVault vault, StreamPosition position)
    {
        await using IBlockDevice disk = await vault.OpenAsync(_diskId, position, Cancel);
        byte[] content = new byte[DiskBytes];
        await disk.ReadAsync(0, content, Cancel);
        return [content[0], content[Region], content[2 * Region], content[3 * Region]];
    }
}

/// <summary>In a folder.</summary>
public sealed class FolderDamagedPastTests() : DamagedPastTests(new FolderStorage());

/// <summary>In Azure Storage.</summary>
public sealed class BlobDamagedPastTests() : DamagedPastTests(new BlobStorage());
