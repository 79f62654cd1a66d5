using System;
using System.Buffers;
using System.Collections.Generic;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>
/// Copies a disk onto an empty, sparse one and hashes it on the way: while one chunk is hashed and written, the next is being read. Zeros are hashed
/// and not written. Single use, one caller.
/// </summary>
internal sealed class DiskCopy(IBlockDevice source, IBlockDevice target) : IDisposable
{
    private const int ChunkBytes = 1 << 20;
    private const long WindowBytes = 256L << 20;

    private static readonly byte[] Zeros = new byte[ChunkBytes];

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>Bytes written to the target so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>The hash of everything copied, lower-case hex.</summary>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetHashAndReset());

    /// <summary>Copies the whole disk.</summary>
    public async Task RunAsync(Func<long, ValueTask> progress, CancellationToken cancellationToken)
    {
        for (long offset = 0; offset < source.Length; offset += WindowBytes)
        {
            long length = Math.Min(WindowBytes, source.Length - offset);
            IReadOnlyList<BlockExtent> extents = await source.GetExtentsAsync(offset, length, cancellationToken);
            foreach (BlockExtent extent in extents)
            {
                await (extent.Kind == ExtentKind.Data ? CopyAsync(extent, progress, cancellationToken) : SkipAsync(extent, progress));
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _hash.Dispose();

    private async Task SkipAsync(BlockExtent extent, Func<long, ValueTask> progress)
    {
        for (long done = 0; done < extent.Length; done += ChunkBytes)
        {
            _hash.AppendData(Zeros, 0, (int)Math.Min(ChunkBytes, extent.Length - done));
        }
        await progress(extent.End);
    }

    private async Task CopyAsync(BlockExtent extent, Func<long, ValueTask> progress, CancellationToken cancellationToken)
    {
        byte[] present = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        byte[] next = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        Task reading = ReadAsync(extent, extent.Offset, present, cancellationToken);
        try
        {
            for (long offset = extent.Offset; offset < extent.End; offset += ChunkBytes)
            {
                await reading;
                reading = ReadAsync(extent, offset + ChunkBytes, next, cancellationToken);
                await PutAsync(offset, present.AsMemory(0, ChunkLength(extent, offset)), cancellationToken);
                (present, next) = (next, present);
                await progress(Math.Min(offset + ChunkBytes, extent.End));
            }
        }
        finally
        {
            // A buffer that is still being read into must not go back to the pool.
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ArrayPool<byte>.Shared.Return(present);
            ArrayPool<byte>.Shared.Return(next);
        }
    }

    private Task ReadAsync(BlockExtent extent, long offset, byte[] buffer, CancellationToken cancellationToken) => offset < extent.End
        ? source.ReadAsync(offset, buffer.AsMemory(0, ChunkLength(extent, offset)), cancellationToken).AsTask()
        : Task.CompletedTask;

    private async Task PutAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        _hash.AppendData(content.Span);
        if (content.Span.ContainsAnyExcept((byte)0))
        {
            await target.WriteAsync(offset, content, cancellationToken);
            BytesWritten += content.Length;
        }
    }

    private static int ChunkLength(BlockExtent extent, long offset) => (int)Math.Min(ChunkBytes, extent.End - offset);
}
