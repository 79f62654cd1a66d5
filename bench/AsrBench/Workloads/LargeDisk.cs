using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Reports;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;

namespace Asr.Bench.Workloads;

/// <summary>
/// Opening a point of a large disk: 256 times the image, a tenth of it written in pieces of 64 KiB in random order. Straight into a vault, without agent and network, and
/// with contents that compress to next to nothing, since only the number of changes matters.
/// </summary>
internal static class LargeDisk
{
    private const int PieceBytes = 64 << 10;
    private const int PiecesPerBatch = 256;
    private const int DiskFactor = 256;
    private const string Passphrase = "bench";

    /// <summary>Runs it.</summary>
    public static async Task RunAsync(BenchContext context, CancellationToken cancellationToken)
    {
        string path = context.NewPath("large");
        long diskBytes = context.Options.ImageBytes * DiskFactor;
        Guid diskId = Guid.NewGuid();
        StreamPosition head = await WriteAsync(path, diskId, diskBytes, cancellationToken);
        List<double> seconds = [];
        List<double> firstRead = [];
        double memory = 0;
        for (int run = 0; run < context.Options.Runs; run++)
        {
            await using IVault vault = await LocalVault.OpenAsync(path, Passphrase, cancellationToken: cancellationToken);
            long memoryBefore = GC.GetTotalMemory(forceFullCollection: true);
            long start = Stopwatch.GetTimestamp();
            await using IBlockDevice image = await vault.OpenAsync(diskId, head, cancellationToken);
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            memory = (GC.GetTotalMemory(forceFullCollection: true) - memoryBefore) / (double)(1 << 20);
            start = Stopwatch.GetTimestamp();
            await image.ReadAsync(diskBytes / 2, new byte[1 << 20], cancellationToken);
            firstRead.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        string disk = FormattableString.Invariant($"{diskBytes >> 30} GiB disk, a tenth written");
        context.Results.Add(BenchResult.Bound($"Open a point, {disk}", Median.Of(seconds), 1, "one second", "s", 1));
        context.Remarks.Add(FormattableString.Invariant(
            $"Open a point: {diskBytes / 10 / PieceBytes} changes of 64 KiB in random order; opening takes {memory:F1} MiB of memory, the first read of 1 MiB after it {Median.Of(firstRead) * 1000:F0} ms."));
    }

    private static async Task<StreamPosition> WriteAsync(string path, Guid diskId, long diskBytes, CancellationToken cancellationToken)
    {
        await using IVault vault = await LocalVault.CreateAsync(path, Passphrase, cancellationToken: cancellationToken);
        OpenSessionRequest request = new() { Nonce = Guid.NewGuid(), MachineId = Guid.NewGuid(), SizeBytes = diskBytes };
        await using IReplicaWriter writer = await vault.TakeOverAsync(diskId, request, cancellationToken);
        Random random = new(1);
        byte[] content = new byte[PieceBytes];
        long pieces = diskBytes / PieceBytes;
        using ChangeBatchWriter batch = new();
        for (long left = pieces / 10; left > 0; left -= PiecesPerBatch)
        {
            batch.Begin(diskId, writer.Session.Epoch, writer.ReceivedSequence + 1);
            for (int i = 0; i < PiecesPerBatch; i++)
            {
                Array.Fill(content, (byte)random.Next(1, 256));
                batch.TryAddData(random.NextInt64(pieces) * PieceBytes, content);
            }

            await writer.AppendAsync(VerifiedBatch.Verify(batch.Complete(), diskBytes), cancellationToken);
        }

        await writer.WaitForVaultAsync(writer.ReceivedSequence, cancellationToken);
        return new StreamPosition(writer.Session.Epoch, writer.VaultSequence);
    }
}
