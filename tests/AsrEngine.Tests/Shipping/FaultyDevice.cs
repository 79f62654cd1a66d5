using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.Engine.Tests.Shipping;

/// <summary>A disk that fails where told, that can vanish (then nothing reaches it, as after the end of a process), and that counts.</summary>
public sealed class FaultyDevice(IBlockDevice inner) : IBlockDevice
{
    private int _writesUnderWay;
    private long _bytesRead;

    public IBlockDevice Inner => inner;

    public long Length => inner.Length;

    public bool IsReadOnly => inner.IsReadOnly;

    public bool IsGone { get; set; }

    /// <summary>Reads that touch this byte fail.</summary>
    public long? BadReadAt { get; set; }

    /// <summary>Writes that touch this byte leave half of it behind and fail.</summary>
    public long? BadWriteAt { get; set; }

    /// <summary>Called after a write has been let through and before it is made.</summary>
    public Func<long, Task>? BeforeWrite { get; set; }

    /// <summary>Called before a read, with its first byte.</summary>
    public Func<long, Task>? BeforeRead { get; set; }

    public long BytesRead => Interlocked.Read(ref _bytesRead);

    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _bytesRead, buffer.Length);
        if (BeforeRead is { } before)
        {
            await before(offset);
        }

        if (BadReadAt is { } bad && bad >= offset && bad < offset + buffer.Length)
        {
            throw new IOException("Simulated medium error.");
        }

        await inner.ReadAsync(offset, buffer, cancellationToken);
    }

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _writesUnderWay);
        try
        {
            if (BeforeWrite is { } before)
            {
                await before(offset);
            }

            ThrowIfGone();
            if (BadWriteAt is { } bad && bad >= offset && bad < offset + buffer.Length)
            {
                await inner.WriteAsync(offset, buffer[..(buffer.Length / 2)], cancellationToken);
                throw new IOException("Simulated medium error.");
            }

            await inner.WriteAsync(offset, buffer, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _writesUnderWay);
        }
    }

    public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        ThrowIfGone();
        return inner.ZeroAsync(offset, length, punchHole, cancellationToken);
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        inner.GetExtentsAsync(offset, length, cancellationToken);

    public async Task WaitIdleAsync()
    {
        while (Volatile.Read(ref _writesUnderWay) > 0)
        {
            await Task.Delay(1, CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void ThrowIfGone()
    {
        if (IsGone)
        {
            throw new IOException("The process is gone.");
        }
    }
}
