using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Compute.Disks;
using Xunit;

namespace Asr.ProcessServer.Tests.Compute;

public sealed class DiskCopyTests : IDisposable
{
    private const int Mebibyte = 1 << 20;

    private readonly string _path = Path.Combine(Path.GetTempPath(), $"asr-copy-{Guid.NewGuid():n}.raw");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(512)]
    [InlineData(Mebibyte)]
    [InlineData((3 * Mebibyte) + 512)]
    [InlineData(40 * Mebibyte)]
    public async Task Data_holes_and_zeros_arrive_hashed_and_only_data_is_written(int length)
    {
        byte[] content = new byte[length];
        Random random = new(length);
        for (int offset = 0; offset < length; offset += 65_536)
        {
            if (random.Next(3) == 0)
            {
                random.NextBytes(content.AsSpan(offset, Math.Min(65_536, length - offset)));
            }
        }
        content[^1] = 1;
        await using MemoryBlockDevice source = new(length);
        await source.WriteAsync(0, content, Stop);
        long told = 0;

        WrittenDisk written = await DiskFile.WriteRawAsync(source, _path, progress => Tell(ref told, progress), Stop);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), written.Sha256);
        Assert.Equal(content, await File.ReadAllBytesAsync(_path, Stop));
        Assert.Equal(content.Chunk(65_536).Where(part => part.Any(value => value != 0)).Sum(part => part.Length), written.BytesWritten);
        Assert.Equal(length, told);
    }

    [Fact]
    public async Task A_disk_that_cannot_be_read_ends_the_copy_with_its_own_error()
    {
        await using FailingDevice source = new(64 * Mebibyte, failAt: 37 * Mebibyte);

        AsrException error = await Assert.ThrowsAsync<AsrException>(() => DiskFile.WriteRawAsync(source, _path, _ => ValueTask.CompletedTask, Stop));

        Assert.Equal(AsrErrorCode.SegmentCorrupt, error.Code);
        Assert.Equal(0, source.Reading);
    }

    [Fact]
    public async Task A_stopped_copy_has_no_read_left_in_flight()
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using FailingDevice source = new(64 * Mebibyte, failAt: long.MaxValue);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DiskFile.WriteRawAsync(
            source,
            _path,
            async progress =>
            {
                if (progress.BytesDone > 5 * Mebibyte)
                {
                    await stop.CancelAsync();
                }
            },
            stop.Token));

        Assert.Equal(0, source.Reading);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(Mebibyte, 1)]
    [InlineData(Mebibyte + 512, 2)]
    public void A_vhd_has_whole_mebibytes(long diskBytes, long expected) => Assert.Equal(expected * Mebibyte, VhdFooter.RoundUp(diskBytes));

    [Fact]
    public void A_disk_that_no_vhd_can_hold_is_refused()
    {
        AsrException error = Assert.Throws<AsrException>(() => VhdFooter.RoundUp(VhdFooter.DiskBytesMax + 512));
        Assert.Equal(AsrErrorCode.DiskUnsupported, error.Code);
    }

    [Fact]
    public void A_footer_has_the_bytes_of_the_specification()
    {
        byte[] footer = VhdFooter.Create(127L << 30, new Guid("00112233-4455-6677-8899-aabbccddeeff"), new DateTimeOffset(2000, 1, 1, 0, 1, 0, TimeSpan.Zero));

        Assert.Equal("636F6E6563746978" + "00000002" + "00010000" + "FFFFFFFFFFFFFFFF" + "0000003C", Convert.ToHexString(footer, 0, 28));
        Assert.Equal("0000001FC0000000", Convert.ToHexString(footer, 48, 8));
        Assert.Equal("FEFE" + "10" + "FF", Convert.ToHexString(footer, 56, 4));
        Assert.Equal("00000002", Convert.ToHexString(footer, 60, 4));
        Assert.Equal("00112233445566778899AABBCCDDEEFF", Convert.ToHexString(footer, 68, 16));
        uint stored = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(footer.AsSpan(64));
        Assert.Equal(~(uint)(footer.Sum(value => value) - footer.AsSpan(64, 4).ToArray().Sum(value => value)), stored);
    }

    public void Dispose() => File.Delete(_path);

    private static ValueTask Tell(ref long told, DiskProgress progress)
    {
        told = progress.BytesDone;
        return ValueTask.CompletedTask;
    }

    /// <summary>A disk of data whose reads take a moment, and fail from a place on.</summary>
    private sealed class FailingDevice(long length, long failAt) : IBlockDevice
    {
        public int Reading;

        public long Length => length;

        public bool IsReadOnly => true;

        public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref Reading);
            try
            {
                await Task.Delay(1, cancellationToken);
                if (offset + buffer.Length > failAt)
                {
                    throw new AsrException(AsrErrorCode.SegmentCorrupt, "Damaged.");
                }
                buffer.Span.Fill(1);
            }
            finally
            {
                Interlocked.Decrement(ref Reading);
            }
        }

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask ZeroAsync(long offset, long zeroLength, bool punchHole, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<System.Collections.Generic.IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long count, CancellationToken cancellationToken) =>
            ValueTask.FromResult<System.Collections.Generic.IReadOnlyList<BlockExtent>>([new BlockExtent(offset, count, ExtentKind.Data)]);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
