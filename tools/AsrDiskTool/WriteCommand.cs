using System;
using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.DiskTool;

/// <summary>
/// Writes random blocks at random places of a region for some time, flushes, and prints the totals as one line of JSON. The same seed
/// writes the same blocks to the same places in the same order.
/// </summary>
internal static class WriteCommand
{
    private const int SectorBytes = 512;
    private const int WriteBytesMax = 64 << 10;
    private const int WritesPerFlush = 64;
    private const long BytesPerMiB = 1 << 20;

    public static Command Create()
    {
        DiskOptions disk = new();
        Option<double> seconds = new("--seconds") { Description = "How long to write", DefaultValueFactory = _ => 5 };
        Option<int> seed = new("--seed") { Description = "Draws places and content", DefaultValueFactory = _ => 1 };
        Option<double?> rate = new("--rate") { Description = "MiB per second at most" };
        Option<long> offset = new("--offset") { Description = "First byte of the region", DefaultValueFactory = _ => 0 };
        Option<long?> length = new("--length") { Description = "Bytes of the region; to the end of the disk without it" };
        Command command = new("write", "Writes random blocks into a region of a disk.") { seconds, seed, rate, offset, length };
        disk.AddTo(command);
        command.SetAction(async (arguments, cancellationToken) =>
        {
            await using IBlockDevice device = await disk.OpenAsync(arguments, isReadOnly: false, cancellationToken);
            long first = arguments.GetValue(offset);
            long count = arguments.GetValue(length) ?? device.Length - first;
            if (first < 0 || count < WriteBytesMax || first > device.Length - count || first % SectorBytes != 0)
            {
                throw new AsrException(
                    AsrErrorCode.InvalidArgument,
                    $"The region of {count} bytes at {first} is not a part of the disk of {device.Length} bytes, or smaller than {WriteBytesMax}.",
                    $"Give an --offset that is a multiple of {SectorBytes}, and a --length within the disk.");
            }

            WriteTotals totals = await WriteAsync(
                device, first, count, arguments.GetValue(seconds), arguments.GetValue(rate), arguments.GetValue(seed), cancellationToken);
            Console.WriteLine(JsonSerializer.Serialize(totals, AsrJson.Options));
        });
        return command;
    }

    private static async Task<WriteTotals> WriteAsync(
        IBlockDevice device, long first, long count, double seconds, double? rate, int seed, CancellationToken cancellationToken)
    {
        Random random = new(seed);
        byte[] buffer = new byte[WriteBytesMax];
        Stopwatch watch = Stopwatch.StartNew();
        long writes = 0;
        long bytes = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            int size = random.Next(1, (WriteBytesMax / SectorBytes) + 1) * SectorBytes;
            long place = first + (random.NextInt64((count - size) / SectorBytes + 1) * SectorBytes);
            random.NextBytes(buffer.AsSpan(0, size));
            await device.WriteAsync(place, buffer.AsMemory(0, size), cancellationToken);
            bytes += size;
            if (++writes % WritesPerFlush == 0)
            {
                await device.FlushAsync(cancellationToken);
            }

            if (rate is { } limit)
            {
                double ahead = (bytes / (limit * BytesPerMiB)) - watch.Elapsed.TotalSeconds;
                await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, ahead)), cancellationToken);
            }
        }

        await device.FlushAsync(cancellationToken);
        return new WriteTotals(writes, bytes, watch.Elapsed.TotalSeconds, seed);
    }

    /// <summary>What was written.</summary>
    private sealed record WriteTotals(long Writes, long Bytes, double Seconds, int Seed);
}
