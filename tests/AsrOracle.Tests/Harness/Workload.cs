using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Oracle.Tests.Checking;

namespace Asr.Oracle.Tests.Harness;

/// <summary>
/// Several writers on each disk: stamped writes of 1 to 64 sectors, a third of them into one small region so that they overlap,
/// trims, writes of zeros and flushes, sometimes on several disks in an order that a point must respect.
/// </summary>
internal sealed class Workload(int seed, RunClock clock, IReadOnlyList<WriteHistory> histories)
{
    private const int HotSectors = 256;

    private volatile IReadOnlyList<IBlockDevice>? _disks;
    private int _started;

    /// <summary>Requests answered so far.</summary>
    public int Completed;

    /// <summary>Points the writers at the disks of a new agent, or at none while it is down.</summary>
    public void Attach(IReadOnlyList<IBlockDevice>? disks) => _disks = disks;

    /// <summary>Runs the writers until cancelled.</summary>
    public Task RunAsync(int writers, CancellationToken cancellationToken)
    {
        List<Task> tasks = [];
        for (int i = 0; i < writers; i++)
        {
            Random random = new(HashCode.Combine(seed, _started++));
            tasks.Add(Task.Run(() => WriteAsync(random, cancellationToken), CancellationToken.None));
        }

        return Task.WhenAll(tasks);
    }

    private async Task WriteAsync(Random random, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            IReadOnlyList<IBlockDevice>? disks = _disks;
            if (disks is null)
            {
                await Task.Delay(1, CancellationToken.None);
                continue;
            }

            int disk = random.Next(disks.Count);
            try
            {
                await RequestAsync(disks[disk], histories[disk], random);
                Interlocked.Increment(ref Completed);
            }
            catch (Exception) when (_disks != disks)
            {
                // The agent died under the request: it never completed, and its record says so.
            }

            if (random.Next(8) == 0)
            {
                await Task.Delay(1, CancellationToken.None);
            }
        }
    }

    private async Task RequestAsync(IBlockDevice disk, WriteHistory history, Random random)
    {
        long sectors = history.LengthBytes / SectorStamp.SectorBytes;
        int count = random.Next(4) == 0 ? random.Next(1, 64) : random.Next(1, 9);
        long first = random.NextInt64((random.Next(3) == 0 ? HotSectors : sectors) - count);
        long offset = first * SectorStamp.SectorBytes;
        long length = (long)count * SectorStamp.SectorBytes;
        switch (random.Next(16))
        {
            case 0:
                WriteRecord zero = history.Begin(offset, length, WriteKind.Zero, clock.Ticks);
                await disk.ZeroAsync(offset, length, punchHole: random.Next(2) == 0, CancellationToken.None);
                zero.Complete = clock.Ticks();
                break;
            case 1:
                await disk.FlushAsync(CancellationToken.None);
                break;
            default:
                await StampAsync(disk, history, first, count);
                break;
        }
    }

    private async Task StampAsync(IBlockDevice disk, WriteHistory history, long first, int count)
    {
        WriteRecord write = history.Begin(first * SectorStamp.SectorBytes, (long)count * SectorStamp.SectorBytes, WriteKind.Stamp, clock.Ticks);
        byte[] content = new byte[count * SectorStamp.SectorBytes];
        for (int i = 0; i < count; i++)
        {
            SectorStamp.Write(content.AsSpan(i * SectorStamp.SectorBytes, SectorStamp.SectorBytes), history.Disk, history.Run, write.Id, first + i);
        }

        await disk.WriteAsync(write.Offset, content, CancellationToken.None);
        write.Complete = clock.Ticks();
    }
}
