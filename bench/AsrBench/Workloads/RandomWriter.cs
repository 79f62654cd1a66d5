using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Nbd;

namespace Asr.Bench.Workloads;

/// <summary>Writes 4 KiB blocks of incompressible content at random places through an NBD export.</summary>
internal static class RandomWriter
{
    /// <summary>Bytes of one write.</summary>
    public const int BlockBytes = 4096;

    private const int WritersCount = 16;

    /// <summary>Makes <paramref name="count"/> writes, 16 at a time, then flushes.</summary>
    public static async Task WriteAsync(string exportUri, int count, int seed, CancellationToken cancellationToken)
    {
        await using NbdClient disk = await NbdClient.ConnectAsync(NbdUri.Parse(exportUri), cancellationToken);
        int left = count;
        Task[] writers = new Task[WritersCount];
        for (int i = 0; i < writers.Length; i++)
        {
            Random random = new((seed * WritersCount) + i);
            writers[i] = Task.Run(async () =>
            {
                byte[] block = new byte[BlockBytes];
                while (Interlocked.Decrement(ref left) >= 0)
                {
                    random.NextBytes(block);
                    await disk.WriteAsync(random.NextInt64(disk.Length / BlockBytes) * BlockBytes, block, cancellationToken);
                }
            }, cancellationToken);
        }

        await Task.WhenAll(writers);
        await disk.FlushAsync(cancellationToken);
    }
}
