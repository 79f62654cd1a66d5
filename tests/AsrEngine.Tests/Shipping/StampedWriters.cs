using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

/// <summary>
/// Concurrent writers that stamp every sector with the number of its write and note when each write began and ended; and the check that an image is a
/// prefix of what they did: no write it lacks had ended before a write it has began. Each writer has every third 4 KiB block, so all share regions.
/// </summary>
internal sealed class StampedWriters(int seed, int diskCount, long diskBytes)
{
    private const int Writers = 3;
    private const int Sector = 512;
    private const int BlockSectors = 8;

    private readonly List<Write> _writes = [new Write(0, DateTimeOffset.MinValue) { Ended = DateTimeOffset.MinValue }];
    private readonly List<int>[] _history = [.. Enumerable.Range(0, (int)(diskCount * diskBytes / Sector)).Select(_ => new List<int> { 0 })];

    public int Count
    {
        get
        {
            lock (_writes)
            {
                return _writes.Count - 1;
            }
        }
    }

    /// <summary>Writes until cancelled or refused; a failed write counts as one that never ended.</summary>
    public Task RunAsync(IReadOnlyList<DiskCapture> disks, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => RunWriterAsync(writer, disks, stop), CancellationToken.None)));

    /// <summary>Asserts that a point is a prefix and that its claimed time is honest.</summary>
    public void AssertPrefix(AsrRecoveryPoint point, Func<int, byte[]> image)
    {
        DateTimeOffset includedBegan = DateTimeOffset.MinValue;
        DateTimeOffset omittedEnded = DateTimeOffset.MaxValue;
        for (int disk = 0; disk < diskCount; disk++)
        {
            byte[] content = image(disk);
            for (int sector = 0; sector < diskBytes / Sector; sector++)
            {
                int seen = (int)BinaryPrimitives.ReadInt64LittleEndian(content.AsSpan(sector * Sector));
                List<int> history = _history[(disk * (diskBytes / Sector)) + sector];
                if (seen == 0 && history.Exists(number => _writes[number].IsZero))
                {
                    // Zeros do not tell which write made them. The final comparison with the source covers such sectors.
                    continue;
                }

                int place = history.IndexOf(seen);
                Assert.True(place >= 0, $"Sector {sector} of disk {disk} holds write {seen}, which was never made there (seed {seed}).");
                includedBegan = Max(includedBegan, _writes[history[place]].Began);
                if (place + 1 < history.Count)
                {
                    omittedEnded = Min(omittedEnded, _writes[history[place + 1]].Ended);
                }
            }
        }

        Assert.True(includedBegan <= omittedEnded, $"Point {point.Id} has a write begun {includedBegan:O} and lacks one ended {omittedEnded:O} (seed {seed}).");
        Assert.True(point.Time <= omittedEnded, $"Point {point.Id} claims {point.Time:O} and lacks a write ended {omittedEnded:O} (seed {seed}).");
    }

    private async Task RunWriterAsync(int writer, IReadOnlyList<DiskCapture> disks, CancellationToken stop)
    {
        Random random = new((seed * 31) + writer);
        int blocks = (int)(diskBytes / Sector / BlockSectors / Writers);
        while (!stop.IsCancellationRequested)
        {
            int disk = random.Next(diskCount);
            int firstSector = ((random.Next(blocks) * Writers) + writer) * BlockSectors;
            int from = random.Next(BlockSectors);
            int count = random.Next(1, BlockSectors - from + 1);
            bool isZero = random.Next(8) == 0;
            Write write = Begin(disk, firstSector + from, count, isZero);
            try
            {
                long offset = (long)(firstSector + from) * Sector;
                if (isZero && random.Next(2) == 0)
                {
                    await disks[disk].ZeroAsync(offset, count * Sector, punchHole: random.Next(2) == 0, stop);
                }
                else
                {
                    await disks[disk].WriteAsync(offset, Stamp(isZero ? 0 : write.Number, count), stop);
                }

                write.Ended = TimeProvider.System.GetUtcNow();
            }
            catch (Exception)
            {
                // Refused, failed or cancelled: it may be there or not, wholly or in part, for ever.
                return;
            }

            if (random.Next(16) == 0)
            {
                await Task.Delay(1, CancellationToken.None);
            }
        }
    }

    private Write Begin(int disk, int sector, int count, bool isZero)
    {
        lock (_writes)
        {
            Write write = new(_writes.Count, TimeProvider.System.GetUtcNow()) { IsZero = isZero };
            _writes.Add(write);
            for (int i = 0; i < count; i++)
            {
                _history[(disk * (diskBytes / Sector)) + sector + i].Add(write.Number);
            }

            return write;
        }
    }

    private static byte[] Stamp(long number, int sectors)
    {
        byte[] content = new byte[sectors * Sector];
        for (int i = 0; i < content.Length; i += sizeof(long))
        {
            BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(i), number);
        }

        return content;
    }

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private sealed class Write(int number, DateTimeOffset began)
    {
        public int Number => number;

        public DateTimeOffset Began => began;

        public DateTimeOffset Ended { get; set; } = DateTimeOffset.MaxValue;

        public bool IsZero { get; init; }
    }
}
