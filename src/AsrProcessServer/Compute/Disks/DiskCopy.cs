using System;
using System.Buffers;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>
/// Copies a disk onto an empty, sparse one and hashes it on the way. Several chunks are read and expanded side by side; one at a time, in the order of the
/// disk, is hashed and, meanwhile, written: several writers of one file would only spin for its lock. Zeros are hashed and not written. Single use, one caller.
/// </summary>
/// <param name="source">The disk; stays the caller's.</param>
/// <param name="target">Where it goes: at least as long, reading as zeros; stays the caller's.</param>
internal sealed class DiskCopy(IBlockDevice source, FileBlockDevice target) : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const long WindowBytes = 256L << 20;

    // Zeros inside a chunk are left out of the file in units of this size: small enough to keep it sparse, large enough for few writes.
    private const int SparseBytes = 64 << 10;

    // The medium is told to begin after so much, or all of it would only begin with the flush at the end.
    private const long WriteBackBytes = 32L << 20;

    private static readonly byte[] Zeros = new byte[ChunkBytes];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Chunks on their way at a time: enough to keep every core busy while some of them wait for a medium.</summary>
    public static int ChunksMax { get; } = Math.Clamp(2 * Environment.ProcessorCount, 4, 16);

    /// <summary>Bytes written to the target so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Hashes something that follows the disk in its file.</summary>
    public void Append(ReadOnlySpan<byte> data) => _hash.AppendData(data);

    /// <summary>The hash of everything so far, lower-case hex.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <summary>Copies the whole disk.</summary>
    public async Task RunAsync(Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Channel<Chunk> chunks = Channel.CreateBounded<Chunk>(new BoundedChannelOptions(ChunksMax) { SingleReader = true, SingleWriter = true });
        Task reading = ReadAllAsync(chunks.Writer, failed.Token);
        try
        {
            await PutAllAsync(chunks.Reader, progress, cancellationToken);
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
        finally
        {
            // A buffer that is still being read into must not go back to the pool.
            await foreach (Chunk left in chunks.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                await left.Reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                left.Return();
            }
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await reading;
    }

    /// <inheritdoc />
    public void Dispose() => _hash.Dispose();

    /// <summary>Starts the chunks in order; the queue's bound is what keeps them few.</summary>
    private async Task ReadAllAsync(ChannelWriter<Chunk> chunks, CancellationToken cancellationToken)
    {
        try
        {
            for (long window = 0; window < source.Length; window += WindowBytes)
            {
                long windowLength = Math.Min(WindowBytes, source.Length - window);
                bool[] hasData = FindData(window, await source.GetExtentsAsync(window, windowLength, cancellationToken));
                for (int index = 0; index < hasData.Length; index++)
                {
                    await chunks.WaitToWriteAsync(cancellationToken);
                    long offset = window + ((long)index * ChunkBytes);
                    await chunks.WriteAsync(Start(offset, (int)Math.Min(ChunkBytes, source.Length - offset), hasData[index], cancellationToken), CancellationToken.None);
                }
            }
        }
        finally
        {
            chunks.Complete();
        }
    }

    /// <summary>Which chunks of a window hold anything but holes.</summary>
    private static bool[] FindData(long window, IReadOnlyList<BlockExtent> extents)
    {
        bool[] hasData = new bool[(int)((extents[^1].End - window + ChunkBytes - 1) / ChunkBytes)];
        foreach (BlockExtent extent in extents)
        {
            if (extent.Kind == ExtentKind.Data)
            {
                int first = (int)((extent.Offset - window) / ChunkBytes);
                int last = (int)((extent.End - 1 - window) / ChunkBytes);
                hasData.AsSpan(first, last - first + 1).Fill(true);
            }
        }
        return hasData;
    }

    private Chunk Start(long offset, int length, bool hasData, CancellationToken cancellationToken)
    {
        if (!hasData)
        {
            return new Chunk(offset, length, null, Task.CompletedTask);
        }
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        return new Chunk(
            offset, length, buffer, Task.Run(() => source.ReadAsync(offset, buffer.AsMemory(0, length), cancellationToken).AsTask(), CancellationToken.None));
    }

    private async Task PutAllAsync(ChannelReader<Chunk> chunks, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        long writeBackFrom = 0;
        await foreach (Chunk chunk in chunks.ReadAllAsync(CancellationToken.None))
        {
            try
            {
                await chunk.Reading;
                await PutAsync(chunk, cancellationToken);
            }
            finally
            {
                chunk.Return();
            }
            long end = chunk.Offset + chunk.Length;
            if (end - writeBackFrom >= WriteBackBytes)
            {
                target.BeginWriteBack(writeBackFrom, end - writeBackFrom);
                writeBackFrom = end;
            }
            await progress(new DiskProgress(end, BytesWritten));
        }
    }

    private async Task PutAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        Task writing = chunk.Buffer is null ? Task.CompletedTask : Task.Run(() => WriteAsync(chunk, cancellationToken), CancellationToken.None);
        _hash.AppendData(chunk.Content.Span);
        await writing;
    }

    private async Task WriteAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        List<BlockExtent> runs = [];
        ZeroDetector.Split(chunk.Content.Span, SparseBytes, runs);
        foreach (BlockExtent run in runs)
        {
            if (run.Kind == ExtentKind.Data)
            {
                await target.WriteAsync(chunk.Offset + run.Offset, chunk.Content.Slice((int)run.Offset, (int)run.Length), cancellationToken);
                BytesWritten += run.Length;
            }
        }
    }

    /// <summary>A piece of the disk on its way; without a buffer it is a hole.</summary>
    private readonly record struct Chunk(long Offset, int Length, byte[]? Buffer, Task Reading)
    {
        public ReadOnlyMemory<byte> Content => (Buffer ?? Zeros).AsMemory(0, Length);

        public void Return()
        {
            if (Buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(Buffer);
            }
        }
    }
}
