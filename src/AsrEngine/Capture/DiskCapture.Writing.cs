using System;
using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;

namespace Asr.Engine.Capture;

/// <content>The workload's changes.</content>
public sealed partial class DiskCapture
{
    private const int SectorBytes = 512;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(Source, offset, buffer.Length, Name);
        if (buffer.IsEmpty)
        {
            return;
        }

        // The stream speaks in sectors. A part of one is widened with what the source holds beside it, which the lock keeps still.
        long start = offset & -SectorBytes;
        int length = (int)(((offset + buffer.Length + SectorBytes - 1) & -SectorBytes) - start);
        using RangeLock.Holder range = await _ranges.AcquireAsync(start, length, exclusive: true, cancellationToken).ConfigureAwait(false);
        int period;
        if (!Ledger.IsCopyUseful(start, length))
        {
            Ledger.BeginWrite(start, length, [], out period);
        }
        else if (length == buffer.Length && length <= ReplicationLimits.ChangeBytesMax)
        {
            period = CaptureOne(start, buffer.Span);
        }
        else
        {
            period = await CaptureManyAsync(start, length, offset, buffer, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            await Source.WriteAsync(offset, buffer, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Ledger.FailWrite(period, start, length);
            throw;
        }

        Ledger.EndWrite(period);
    }

    /// <inheritdoc/>
    public async ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(Source, offset, length, Name);
        long start = (offset + SectorBytes - 1) & -SectorBytes;
        long end = (offset + length) & -SectorBytes;
        if (start >= end)
        {
            await WriteZerosAsync(offset, (int)length, cancellationToken).ConfigureAwait(false);
            return;
        }

        // Parts of sectors at the ends travel as small writes; a change to zeros covers whole ones.
        await WriteZerosAsync(offset, (int)(start - offset), cancellationToken).ConfigureAwait(false);
        await ZeroSectorsAsync(start, end - start, punchHole, cancellationToken).ConfigureAwait(false);
        await WriteZerosAsync(end, (int)(offset + length - end), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ZeroSectorsAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        using RangeLock.Holder range = await _ranges.AcquireAsync(offset, length, exclusive: true, cancellationToken).ConfigureAwait(false);
        int count = (int)((length + Change.ZeroBytesMax - 1) / Change.ZeroBytesMax);
        CapturedChange[] changes = new CapturedChange[count];
        for (int i = 0; i < count; i++)
        {
            long at = (long)i * Change.ZeroBytesMax;
            changes[i] = new CapturedChange(offset + at, (int)Math.Min(Change.ZeroBytesMax, length - at), default);
        }

        // The device's contract is that the range reads as zeros afterwards, punched or not.
        Ledger.BeginWrite(offset, length, changes, out int period);
        try
        {
            await Source.ZeroAsync(offset, length, punchHole, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Ledger.FailWrite(period, offset, length);
            throw;
        }

        Ledger.EndWrite(period);
    }

    private async ValueTask WriteZerosAsync(long offset, int length, CancellationToken cancellationToken)
    {
        if (length > 0)
        {
            await WriteAsync(offset, new byte[length], cancellationToken).ConfigureAwait(false);
        }
    }

    private int CaptureOne(long offset, ReadOnlySpan<byte> content)
    {
        CaptureBuffer copy = default;
        if (!ZeroDetector.IsZero(content))
        {
            if (!_arena.TryReserve(content.Length, out copy))
            {
                Ledger.BeginWrite(offset, content.Length, [], out int unqueued);
                return unqueued;
            }

            content.CopyTo(copy.Memory.Span);
        }

        CapturedChange change = new(offset, content.Length, copy);
        bool isQueued = false;
        try
        {
            isQueued = Ledger.BeginWrite(offset, content.Length, new ReadOnlySpan<CapturedChange>(in change), out int period);
            return period;
        }
        finally
        {
            if (!isQueued)
            {
                copy.Release();
            }
        }
    }

    private async ValueTask<int> CaptureManyAsync(long start, int length, long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        byte[] whole = ArrayPool<byte>.Shared.Rent(length);
        CapturedChange[] changes = [];
        bool isQueued = false;
        try
        {
            int head = (int)(offset - start);
            if (head > 0)
            {
                await Source.ReadAsync(start, whole.AsMemory(0, SectorBytes), cancellationToken).ConfigureAwait(false);
            }

            if (head + buffer.Length < length)
            {
                await Source.ReadAsync(start + length - SectorBytes, whole.AsMemory(length - SectorBytes, SectorBytes), cancellationToken).ConfigureAwait(false);
            }

            buffer.Span.CopyTo(whole.AsSpan(head));
            changes = Split(start, whole.AsSpan(0, length));
            isQueued = Ledger.BeginWrite(start, length, changes, out int period);
            return period;
        }
        finally
        {
            if (!isQueued)
            {
                Release(changes);
            }

            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    // Empty when there is no memory for all of it: half a write in the queue would help nobody.
    private CapturedChange[] Split(long offset, ReadOnlySpan<byte> content)
    {
        CapturedChange[] changes = new CapturedChange[(content.Length + ReplicationLimits.ChangeBytesMax - 1) / ReplicationLimits.ChangeBytesMax];
        for (int i = 0; i < changes.Length; i++)
        {
            int at = i * ReplicationLimits.ChangeBytesMax;
            ReadOnlySpan<byte> part = content.Slice(at, Math.Min(ReplicationLimits.ChangeBytesMax, content.Length - at));
            CaptureBuffer copy = default;
            if (!ZeroDetector.IsZero(part))
            {
                if (!_arena.TryReserve(part.Length, out copy))
                {
                    Release(changes.AsSpan(0, i));
                    return [];
                }

                part.CopyTo(copy.Memory.Span);
            }

            changes[i] = new CapturedChange(offset + at, part.Length, copy);
        }

        return changes;
    }

    private static void Release(ReadOnlySpan<CapturedChange> changes)
    {
        foreach (ref readonly CapturedChange change in changes)
        {
            change.Content.Release();
        }
    }
}
