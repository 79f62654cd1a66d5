using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>Several segments of one disk on their way to the store at once.</summary>
public sealed class WriterPipelineTests
{
    private const long DiskBytes = 1 << 20;
    private const string First = "0000000000000001-0000000000000001.seg";
    private const string Second = "0000000000000002-0000000000000002.seg";

    private static readonly Guid DiskId = Guid.NewGuid();

    private readonly SimulatedFileLayer _files = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_segment_that_is_stored_counts_once_those_before_it_are()
    {
        HeldStore store = new(new LocalSegmentStore(_files, "/vault/disks"));
        await using SealedVault vault = new(new LocalCatalog(_files, "/vault/catalog"), store, new SecretBox(new byte[32]), new AsrVault(), TimeProvider.System, new SealedVaultOptions());
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        Task one = await writer.AcceptAsync(Write(1, 1), Cancel);
        Task two = await writer.AcceptAsync(Write(1, 2), Cancel);
        await store.SecondStored.Task.WaitAsync(Cancel);
        Assert.Equal((2, 0, 0), (writer.AcceptedSequence, writer.ReceivedSequence, writer.VaultSequence));
        Assert.False(two.IsCompleted);
        store.MayStoreFirst.SetResult();
        await Task.WhenAll(one, two);
        Assert.Equal((2, 2), (writer.ReceivedSequence, writer.VaultSequence));
        Assert.Equal([1, 2], await ReadAsync(vault, new StreamPosition(1, 2)));
    }

    [Fact]
    public async Task When_one_cannot_be_stored_those_behind_it_are_told_the_same_and_all_follow_with_the_next_try()
    {
        await using SealedVault vault = await TestVault.OpenAsync(_files);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        _files.Fault = BreakFirst;
        Task one = await writer.AcceptAsync(Write(1, 1), Cancel);
        Task two = await writer.AcceptAsync(Write(1, 2), Cancel);
        Assert.Equal(AsrErrorCode.VaultUnavailable, (await Assert.ThrowsAsync<AsrException>(() => one)).Code);
        Assert.Equal(AsrErrorCode.VaultUnavailable, (await Assert.ThrowsAsync<AsrException>(() => two)).Code);
        Assert.Equal(AsrErrorCode.VaultUnavailable, (await Assert.ThrowsAsync<AsrException>(() => writer.AppendAsync(Write(1, 3), Cancel))).Code);
        Assert.Equal((2, 0), (writer.AcceptedSequence, writer.ReceivedSequence));
        byte[] stored = _files.ReadAll(_files.Files.Single(IsSecond), int.MaxValue)!;

        _files.Fault = null;
        await writer.AppendAsync(Write(1, 1), Cancel);
        await writer.AppendAsync(Write(1, 2), Cancel);
        await writer.AppendAsync(Write(1, 3), Cancel);
        Assert.Equal((3, 3), (writer.ReceivedSequence, writer.VaultSequence));
        Assert.Equal(stored, _files.ReadAll(_files.Files.Single(IsSecond), int.MaxValue));
        Assert.Equal([1, 2], await ReadAsync(vault, new StreamPosition(1, 3)));
    }

    [Fact]
    public async Task A_segment_beyond_a_gap_is_in_no_ones_past()
    {
        await using (SealedVault vault = await TestVault.OpenAsync(_files))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            _files.Fault = BreakFirst;
            Task one = await writer.AcceptAsync(Write(1, 1), Cancel);
            Task two = await writer.AcceptAsync(Write(1, 2), Cancel);
            await Assert.ThrowsAsync<AsrException>(() => one);
            await Assert.ThrowsAsync<AsrException>(() => two);
        }

        _files.Fault = null;
        Assert.Contains(_files.Files, IsSecond);
        await using SealedVault again = await TestVault.OpenAsync(_files);
        await using IReplicaWriter next = await TakeOverAsync(again);
        Assert.Equal((new StreamPosition(1, 0), 1L), (next.Session.Parent, next.Session.NextSequence));
        await next.AppendAsync(BatchMaker.Writes(DiskId, 2, 1, DiskBytes, (0, 512, 7)), Cancel);
        Assert.Equal([7, 0], await ReadAsync(again, new StreamPosition(2, 1)));
        await Assert.ThrowsAsync<AsrException>(() => ReadAsync(again, new StreamPosition(1, 2)));
    }

    [Fact]
    public async Task Ended_while_segments_are_under_way_it_tells_those_who_wait_that_the_session_is_lost()
    {
        await using SealedVault vault = await TestVault.OpenAsync(_files);
        IReplicaWriter writer = await TakeOverAsync(vault);
        _files.Fault = BreakFirst;
        Task one = await writer.AcceptAsync(Write(1, 1), Cancel);
        await Assert.ThrowsAsync<AsrException>(() => one);
        await writer.DisposeAsync();
        Assert.Equal(AsrErrorCode.SessionLost, (await Assert.ThrowsAsync<AsrException>(() => writer.WaitForVaultAsync(1, Cancel))).Code);
    }

    private static Exception? BreakFirst(FileOperation operation, string path) =>
        operation == FileOperation.SyncFile && path.Contains(First, StringComparison.Ordinal) ? new IOException("injected", 5) : null;

    private static bool IsSecond(string path) => Path.GetFileName(path) == Second;

    private static VerifiedBatch Write(int epoch, long sequence) =>
        BatchMaker.Writes(DiskId, epoch, sequence, DiskBytes, (512 * (sequence - 1), 512, (byte)sequence));

    private static Task<IReplicaWriter> TakeOverAsync(SealedVault vault) =>
        vault.TakeOverAsync(DiskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes }, Cancel);

    private static async Task<List<int>> ReadAsync(SealedVault vault, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(DiskId, position, Cancel);
        byte[] content = new byte[1024];
        await image.ReadAsync(0, content, Cancel);
        return [content[0], content[512]];
    }

    /// <summary>Keeps the first segment waiting.</summary>
    private sealed class HeldStore(ISegmentStore store) : ISegmentStore
    {
        public TaskCompletionSource MayStoreFirst { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource SecondStored { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            if (name.FirstSequence == 1)
            {
                await MayStoreFirst.Task.WaitAsync(cancellationToken);
            }

            await store.PutAsync(name, content, cancellationToken);
            if (name.FirstSequence == 2)
            {
                SecondStored.SetResult();
            }
        }

        public Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken) => store.GetLengthAsync(name, cancellationToken);

        public ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
            store.ReadAsync(name, offset, buffer, cancellationToken);

        public IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, CancellationToken cancellationToken) => store.ListAsync(diskId, cancellationToken);

        public Task DeleteAsync(SegmentName name, CancellationToken cancellationToken) => store.DeleteAsync(name, cancellationToken);
    }
}
