using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>Full, failing and damaged storage: a stable error each, nothing lost, nothing wrong served.</summary>
public sealed class VaultFaultTests
{
    private const long DiskBytes = 64 << 10;
    private const int NoSpace = 28;
    private const int IoError = 5;
    private static readonly Guid DiskId = Guid.Parse("11111111-2222-3333-4444-555555555555");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<FileOperation, int, AsrErrorCode> Faults => new()
    {
        { FileOperation.Create, NoSpace, AsrErrorCode.VaultFull },
        { FileOperation.Create, 122, AsrErrorCode.VaultFull },
        { FileOperation.Create, IoError, AsrErrorCode.VaultUnavailable },
        { FileOperation.SyncFile, NoSpace, AsrErrorCode.VaultFull },
        { FileOperation.SyncFile, IoError, AsrErrorCode.VaultUnavailable },
        { FileOperation.TryRename, IoError, AsrErrorCode.VaultUnavailable },
        { FileOperation.SyncDirectory, IoError, AsrErrorCode.VaultUnavailable },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_failed_put_can_be_repeated_and_is_then_durable(FileOperation operation, int errno, AsrErrorCode code)
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(Write(1, 1), Cancel);
        files.Fault = (at, path) => at == operation && path.Contains("/disks/", StringComparison.Ordinal) ? new IOException("injected", errno) : null;
        await AssertCode(code, () => writer.AppendAsync(Write(1, 2), Cancel));
        await AssertCode(code, () => writer.AppendAsync(Write(1, 2), Cancel));
        Assert.Equal(1, writer.ReceivedSequence);
        Assert.Single(files.Files, path => path.EndsWith(".seg", StringComparison.Ordinal));
        files.Fault = null;
        await writer.AppendAsync(Write(1, 2), Cancel);
        Assert.Equal(2, writer.VaultSequence);
        await using SealedVault after = await TestVault.OpenAsync(files.Restart(new Random(1)));
        Assert.Equal(new StreamPosition(1, 2), await after.GetHeadAsync(DiskId, Cancel));
        Assert.Equal([1, 2, 0], await ReadAsync(after, new StreamPosition(1, 2)));
    }

    [Fact]
    public async Task A_failed_put_settles_even_when_the_sender_cuts_its_batches_anew()
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        files.Fault = (at, _) => at == FileOperation.SyncFile ? new IOException("injected", IoError) : null;
        await AssertCode(AsrErrorCode.VaultUnavailable, () => writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 1, DiskBytes, (0, 512, 1), (512, 512, 2)), Cancel));
        files.Fault = null;
        await writer.AppendAsync(Write(1, 1), Cancel);
        Assert.Equal(2, writer.VaultSequence);
        await writer.AppendAsync(BatchMaker.Writes(DiskId, 1, 2, DiskBytes, (512, 512, 2), (1024, 512, 3)), Cancel);
        Assert.Equal([1, 2, 3], await ReadAsync(vault, new StreamPosition(1, 3)));
    }

    [Theory]
    [InlineData(FileOperation.Create)]
    [InlineData(FileOperation.SyncFile)]
    [InlineData(FileOperation.Replace)]
    [InlineData(FileOperation.SyncDirectory)]
    public async Task A_failed_document_write_leaves_the_old_version(FileOperation operation)
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        string etag = await vault.Catalog.WriteAsync("things", "one", "{\"v\":1}"u8.ToArray(), null, Cancel);
        int faults = 1;
        files.Fault = (at, _) => at == operation && faults-- > 0 ? new IOException("injected", IoError) : null;
        await AssertCode(AsrErrorCode.VaultUnavailable, () => vault.Catalog.WriteAsync("things", "one", "{\"v\":2}"u8.ToArray(), etag, Cancel));
        Assert.Equal(etag, (await vault.Catalog.ReadAsync("things", "one", Cancel))!.ETag);
        await vault.Catalog.WriteAsync("things", "one", "{\"v\":3}"u8.ToArray(), etag, Cancel);
        for (int seed = 0; seed < 20; seed++)
        {
            await using SealedVault after = await TestVault.OpenAsync(files.Restart(new Random(seed)));
            Assert.Equal("{\"v\":3}"u8.ToArray(), (await after.Catalog.ReadAsync("things", "one", Cancel))!.Content.ToArray());
        }
    }

    [Fact]
    public async Task A_read_error_is_told_and_not_served_as_data()
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(Write(1, 1), Cancel);
        await using IBlockDevice image = await vault.OpenAsync(DiskId, new StreamPosition(1, 1), Cancel);
        files.Fault = (at, path) => at == FileOperation.Read && path.EndsWith(".seg", StringComparison.Ordinal) ? new IOException("injected", IoError) : null;
        await AssertCode(AsrErrorCode.VaultUnavailable, () => image.ReadAsync(0, new byte[512], Cancel).AsTask());
        await AssertCode(AsrErrorCode.VaultUnavailable, () => vault.OpenAsync(DiskId, new StreamPosition(1, 1), Cancel));
    }

    [Fact]
    public async Task Any_flipped_bit_is_found_and_the_damaged_object_is_named()
    {
        SimulatedFileLayer files = new();
        await using (SealedVault vault = await TestVault.OpenAsync(files))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            await writer.AppendAsync(Write(1, 1), Cancel);
            await writer.AppendAsync(Write(1, 2), Cancel);
        }

        foreach (string path in files.Files.Where(path => !path.EndsWith(".lock", StringComparison.Ordinal)))
        {
            int bits = files.ReadAll(path, int.MaxValue)!.Length * 8;
            for (int bit = 0; bit < bits; bit += 3)
            {
                files.FlipBit(path, bit);
                await using SealedVault vault = await TestVault.OpenAsync(files);
                AsrException error = await Assert.ThrowsAnyAsync<AsrException>(() => ReadAsync(vault, new StreamPosition(1, 2)));
                if (path.EndsWith(".seg", StringComparison.Ordinal))
                {
                    Assert.Equal(AsrErrorCode.SegmentCorrupt, error.Code);
                    Assert.Contains(Path.GetFileNameWithoutExtension(path), error.Target, StringComparison.Ordinal);
                }
                else
                {
                    Assert.Equal((AsrErrorCode.VaultDocumentCorrupt, $"disks/{DiskId}"), (error.Code, error.Target));
                }

                files.FlipBit(path, bit);
            }
        }
    }

    [Fact]
    public async Task Damage_leaves_the_points_before_it_readable()
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(Write(1, 1), Cancel);
        await writer.AppendAsync(Write(1, 2), Cancel);
        string[] segments = [.. files.Files.Where(path => path.EndsWith(".seg", StringComparison.Ordinal))];
        byte[] second = files.ReadAll(segments[1], int.MaxValue)!;
        files.FlipBit(segments[1], 0);
        await AssertCode(AsrErrorCode.SegmentCorrupt, () => ReadAsync(vault, new StreamPosition(1, 2)));
        Assert.Equal([1, 0, 0], await ReadAsync(vault, new StreamPosition(1, 1)));

        // Swapped with its neighbour, replayed and cut short: whole and genuine bytes in the wrong place are damage as well.
        files.Overwrite(segments[1], files.ReadAll(segments[0], int.MaxValue)!);
        await AssertCode(AsrErrorCode.SegmentCorrupt, () => ReadAsync(vault, new StreamPosition(1, 2)));
        for (int length = 0; length < second.Length; length++)
        {
            files.Overwrite(segments[1], second[..length]);
            await AssertCode(AsrErrorCode.SegmentCorrupt, () => ReadAsync(vault, new StreamPosition(1, 2)));
        }

        files.Delete(segments[1]);
        await using SealedVault again = await TestVault.OpenAsync(files);
        await AssertCode(AsrErrorCode.RecoveryPointUnavailable, () => ReadAsync(again, new StreamPosition(1, 2)));
        Assert.Equal([1, 0, 0], await ReadAsync(again, new StreamPosition(1, 1)));
    }

    [Fact]
    public async Task A_segment_that_is_gone_is_named()
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(Write(1, 1), Cancel);
        await writer.AppendAsync(Write(1, 2), Cancel);
        await using IBlockDevice image = await vault.OpenAsync(DiskId, new StreamPosition(1, 2), Cancel);
        string second = files.Files.Last(path => path.EndsWith(".seg", StringComparison.Ordinal));
        files.Delete(second);

        AsrException error = await Assert.ThrowsAnyAsync<AsrException>(() => image.ReadAsync(512, new byte[512], Cancel).AsTask());

        Assert.Equal(AsrErrorCode.SegmentMissing, error.Code);
        Assert.Contains(Path.GetFileNameWithoutExtension(second), error.Target, StringComparison.Ordinal);
    }

    private static async Task AssertCode(AsrErrorCode code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAnyAsync<AsrException>(action)).Code);

    private static Asr.Engine.Segments.VerifiedBatch Write(int epoch, long sequence) =>
        BatchMaker.Writes(DiskId, epoch, sequence, DiskBytes, (512 * (sequence - 1), 512, (byte)sequence));

    private static Task<IReplicaWriter> TakeOverAsync(SealedVault vault) =>
        vault.TakeOverAsync(DiskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes }, Cancel);

    private static async Task<List<int>> ReadAsync(SealedVault vault, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(DiskId, position, Cancel);
        byte[] content = new byte[1536];
        await image.ReadAsync(0, content, Cancel);
        return [content[0], content[512], content[1024]];
    }
}
