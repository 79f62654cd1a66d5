using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Nbd;
using Asr.Engine.Tests.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>The way of small writes, whose payloads are used where they were received.</summary>
public sealed class NbdWritePathTests
{
    private const int DiskBytes = 4 << 20;
    private const int BlockBytes = 4096;
    private const int Blocks = DiskBytes / BlockBytes;
    private const int WritersCount = 16;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PayloadsStayWholeWhileADeviceTakesItsTime()
    {
        WriteHook device = new(new MemoryBlockDevice(DiskBytes)) { EndsLate = true };
        await using NbdFixture nbd = new(device);
        await using NbdClient client = await nbd.ConnectAsync();
        byte[] content = DeviceModel.RandomContent(DiskBytes, 71);
        await WriteBlocksAsync(client, content);

        byte[] read = new byte[DiskBytes];
        await client.ReadAsync(0, read, Stop);
        Assert.True(read.AsSpan().SequenceEqual(content));
    }

    [Fact]
    public async Task AWriteThatIsCapturedAllocatesNothing()
    {
        using TemporaryFolder folder = new();
        FileBlockDevice file = FileBlockDevice.Create(folder.At("disk"), DiskBytes);
        DiskCapture capture = new(Guid.NewGuid(), "disk", file, ActivityLog.Open(folder.At("log"), Guid.NewGuid(), DiskBytes));
        capture.Ledger.MakeNonePending();
        capture.Ledger.StartStream(nextSequence: 1, comparePending: false);
        WriteHook device = new(capture);
        await using NbdFixture nbd = new(device);
        await using NbdClient client = await nbd.ConnectAsync();
        byte[] content = DeviceModel.RandomContent(DiskBytes, 72);

        // The first rounds fill the pools: buffers, requests, lock entries, slabs.
        for (int round = 0; round < 3; round++)
        {
            device.Allocated.Clear();
            await WriteBlocksAsync(client, content);
            TakeAll(capture.Ledger);
        }

        Assert.Equal(0, capture.Ledger.PendingRegions);
        Assert.Equal(3 * Blocks, capture.Ledger.LastSequence);
        Assert.Equal(Blocks, device.Allocated.Count);
        long allocated = device.Allocated[^1].Bytes - device.Allocated[0].Bytes;
        Assert.Single(device.Allocated.Select(at => at.Thread).Distinct());
        Assert.True(allocated < Blocks, $"{Blocks} writes allocated {allocated} bytes.");
    }

    private static async Task WriteBlocksAsync(NbdClient client, byte[] content)
    {
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, WritersCount).Select(async _ =>
        {
            for (int block = Interlocked.Increment(ref next); block < Blocks; block = Interlocked.Increment(ref next))
            {
                await client.WriteAsync((long)block * BlockBytes, content.AsMemory(block * BlockBytes, BlockBytes), Stop);
            }
        }));
    }

    private static void TakeAll(CaptureLedger ledger)
    {
        List<CapturedChange> changes = [];
        do
        {
            changes.Clear();
            ledger.Take(changes, long.MaxValue);
            changes.ForEach(change => change.Content.Release());
        }
        while (changes.Count > 0);
    }

    /// <summary>Notes what the thread of each write has allocated so far, between writes and so on all of their way; or lets writes end late.</summary>
    private sealed class WriteHook(IBlockDevice inner) : IBlockDevice
    {
        public List<(int Thread, long Bytes)> Allocated { get; } = new(Blocks);

        public bool EndsLate { get; init; }

        public long Length => inner.Length;

        public bool IsReadOnly => inner.IsReadOnly;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => inner.ReadAsync(offset, buffer, cancellationToken);

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            if (EndsLate)
            {
                return WriteLateAsync(offset, buffer, cancellationToken);
            }

            Allocated.Add((Environment.CurrentManagedThreadId, GC.GetAllocatedBytesForCurrentThread()));
            return inner.WriteAsync(offset, buffer, cancellationToken);
        }

        public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) =>
            inner.ZeroAsync(offset, length, punchHole, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
            inner.GetExtentsAsync(offset, length, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private async ValueTask WriteLateAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        {
            // Every other write, so that payloads used late and at once follow each other in one receive buffer.
            if (offset / BlockBytes % 2 == 0)
            {
                await Task.Delay(1, cancellationToken);
            }

            await inner.WriteAsync(offset, buffer, cancellationToken);
        }
    }
}
