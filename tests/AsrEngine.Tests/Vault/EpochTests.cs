using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Vault;
using Xunit;

namespace Asr.Engine.Tests.Vault;

public abstract class EpochTests(VaultStorage storage) : VaultTest(storage)
{
    private const long DiskBytes = 64 << 10;
    private readonly Guid _diskId = Guid.NewGuid();

    [Fact]
    public async Task A_branch_continues_from_its_base_and_the_old_branch_stays_readable()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter first = await TakeOverAsync(vault);
        await first.AppendAsync(BatchMaker.Writes(_diskId, 1, 1, DiskBytes, (0, 512, 1), (512, 512, 2), (0, 512, 3)), Cancel);
        await using IReplicaWriter branch = await TakeOverAsync(vault, new StreamPosition(1, 2));
        Assert.Equal((new StreamPosition(1, 2), 3L), (branch.Session.Parent, branch.Session.NextSequence));
        await branch.AppendAsync(BatchMaker.Writes(_diskId, 2, 3, DiskBytes, (512, 512, 4)), Cancel);
        Assert.Equal([1, 4], await ReadAsync(vault, new StreamPosition(2, 3)));
        Assert.Equal([1, 2], await ReadAsync(vault, new StreamPosition(2, 2)));
        Assert.Equal([1, 0], await ReadAsync(vault, new StreamPosition(2, 1)));
        Assert.Equal([3, 2], await ReadAsync(vault, new StreamPosition(1, 3)));
        await using IReplicaWriter back = await TakeOverAsync(vault);
        Assert.Equal(new StreamPosition(2, 3), back.Session.Parent);
    }

    [Fact]
    public async Task A_base_that_is_not_in_the_tree_is_refused_and_fences_no_one()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        foreach (StreamPosition position in new StreamPosition[] { new(1, 1), new(7, 0), new(0, 3), new(-1, 0) })
        {
            await AssertCode(AsrErrorCode.RecoveryPointUnavailable, () => TakeOverAsync(vault, position));
        }

        await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, 1, DiskBytes, (0, 512, 1)), Cancel);
        Assert.Equal(1, writer.VaultSequence);
    }

    [Fact]
    public async Task A_repeated_nonce_tells_the_same_parent_and_uses_another_key()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter zero = await TakeOverAsync(vault);
        await zero.AppendAsync(BatchMaker.Writes(_diskId, 1, 1, DiskBytes, (0, 512, 1)), Cancel);
        OpenSessionRequest request = Request(null);
        await using IReplicaWriter first = await vault.TakeOverAsync(_diskId, request, Cancel);
        await using IReplicaWriter again = await vault.TakeOverAsync(_diskId, request, Cancel);
        Assert.Equal(first.Session.Parent, again.Session.Parent);
        Assert.Equal(first.Session.NextSequence, again.Session.NextSequence);
        Assert.NotEqual(first.Session.Epoch, again.Session.Epoch);
        await AssertCode(AsrErrorCode.WriterFenced, () => first.AppendAsync(BatchMaker.Writes(_diskId, first.Session.Epoch, 2, DiskBytes, (0, 512, 66)), Cancel));
        await again.AppendAsync(BatchMaker.Writes(_diskId, again.Session.Epoch, 2, DiskBytes, (0, 512, 7)), Cancel);
        Assert.Equal([7, 0], await ReadAsync(vault, new StreamPosition(again.Session.Epoch, 2)));
    }

    [Fact]
    public async Task Writers_that_take_over_at_once_leave_exactly_one_that_can_write()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        IReplicaWriter?[] writers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                return await Task.Run(() => TakeOverAsync(vault));
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.WriterFenced)
            {
                return null;
            }
        }));
        Assert.Equal(writers.OfType<IReplicaWriter>().Count(), writers.OfType<IReplicaWriter>().Select(writer => writer.Session.Epoch).Distinct().Count());
        List<int> alive = [];
        foreach (IReplicaWriter writer in writers.OfType<IReplicaWriter>())
        {
            try
            {
                await writer.AppendAsync(BatchMaker.Writes(_diskId, writer.Session.Epoch, 1, DiskBytes, (0, 512, 1)), Cancel);
                alive.Add(writer.Session.Epoch);
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.WriterFenced)
            {
                Assert.Equal(0, writer.VaultSequence);
            }

            await writer.DisposeAsync();
        }

        Assert.Single(alive);
    }

    [Fact]
    public async Task A_disk_of_another_size_or_shape_is_refused()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await AssertCode(AsrErrorCode.DiskSizeChanged, () => vault.TakeOverAsync(_diskId, Request(null) with { SizeBytes = DiskBytes + 512 }, Cancel));
        await AssertCode(AsrErrorCode.DiskUnsupported, () => vault.TakeOverAsync(_diskId, Request(null) with { SizeBytes = 1000 }, Cancel));
        await AssertCode(AsrErrorCode.DiskUnsupported, () => vault.TakeOverAsync(_diskId, Request(null) with { SizeBytes = ReplicationLimits.DiskBytesMax + 512 }, Cancel));
    }

    [Fact]
    public async Task A_deleted_disk_is_gone_and_its_epochs_never_come_again()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, 1, DiskBytes, (0, 512, 1)), Cancel);
        await vault.DeleteDiskAsync(_diskId, Cancel);
        await vault.DeleteDiskAsync(_diskId, Cancel);
        Assert.DoesNotContain(Storage.Files, path => path.EndsWith(".seg", StringComparison.Ordinal));
        Assert.Equal(default, await vault.GetHeadAsync(_diskId, Cancel));
        await AssertCode(AsrErrorCode.RecoveryPointUnavailable, () => vault.OpenAsync(_diskId, new StreamPosition(1, 1), Cancel));
        await AssertCode(AsrErrorCode.WriterFenced, () => writer.AppendAsync(BatchMaker.Writes(_diskId, 1, 2, DiskBytes, (0, 512, 2)), Cancel));
        await using IReplicaWriter next = await TakeOverAsync(vault);
        Assert.Equal((2, new StreamPosition(0, 0), 1L), (next.Session.Epoch, next.Session.Parent, next.Session.NextSequence));
    }

    [Fact]
    public async Task A_damaged_or_missing_index_run_is_only_slower()
    {
        List<int> expected = [40, 0];
        await using (SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 4))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            for (int i = 1; i <= 40; i++)
            {
                await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, i, DiskBytes, (0, 512, (byte)i)), Cancel);
            }

            // Runs are written in the background.
            while (!Storage.Files.Any(static path => path.EndsWith(".idx", StringComparison.Ordinal)))
            {
                await Task.Delay(5, Cancel);
            }
        }

        string[] runs = [.. Storage.Files.Where(path => path.EndsWith(".idx", StringComparison.Ordinal))];
        Assert.NotEmpty(runs);
        await using SealedVault again = await TestVault.OpenAsync(Storage);
        HashSet<string> read = [];
        Storage.Fault = (operation, path) =>
        {
            read.Add(path);
            return null;
        };
        Assert.Equal(expected, await ReadAsync(again, new StreamPosition(1, 40)));
        Assert.True(read.Count(path => path.EndsWith(".seg", StringComparison.Ordinal)) < 40, "An index run spares reading every table.");
        Storage.Fault = null;
        foreach (string run in runs)
        {
            Storage.FlipBit(run, 3);
        }

        Assert.Equal(expected, await ReadAsync(again, new StreamPosition(1, 40)));
        foreach (string run in runs)
        {
            Storage.Delete(run);
        }

        Assert.Equal(expected, await ReadAsync(again, new StreamPosition(1, 40)));
    }

    private static async Task AssertCode(AsrErrorCode code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAnyAsync<AsrException>(action)).Code);

    private static OpenSessionRequest Request(StreamPosition? position) => new() { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes, Base = position };

    private Task<IReplicaWriter> TakeOverAsync(SealedVault vault, StreamPosition? position = null) => vault.TakeOverAsync(_diskId, Request(position), Cancel);

    private async Task<List<int>> ReadAsync(SealedVault vault, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(_diskId, position, Cancel);
        byte[] content = new byte[1024];
        await image.ReadAsync(0, content, Cancel);
        return [content[0], content[512]];
    }
}

/// <summary>In a folder.</summary>
public sealed class FolderEpochTests() : EpochTests(new FolderStorage());

/// <summary>In Azure Storage.</summary>
public sealed class BlobEpochTests() : EpochTests(new BlobStorage());
