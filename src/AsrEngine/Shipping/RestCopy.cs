using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>
/// What is pending on tracked disks, read while they are at rest into memory that is there already and locked, so that nothing in that time waits for a disk but
/// the reading itself. Used for one instant after another; one caller at a time.
/// </summary>
internal sealed class RestCopy : IDisposable
{
    /// <summary>More than this is not copied at rest: at 300 MB/s it takes 50 ms, and passes before the rest bring what is left below it.</summary>
    public const int BytesMax = 16 << 20;

    /// <summary>A piece is one content of the stream, and one request to the disk.</summary>
    private const int PieceBytesMax = 256 << 10;

    private const int ReadersMax = 8;

    private readonly AlignedBuffer _memory = new(BytesMax, isLocked: true);
    private readonly List<Piece> _pieces = [];
    private int _used;

    /// <summary>Forgets what was copied.</summary>
    public void Clear()
    {
        _pieces.Clear();
        _used = 0;
    }

    /// <summary>Adds what is pending on a disk to what is to be read; false when it is too much or the disk has no stream.</summary>
    public bool TryAdd(DiskCapture disk, out int generation)
    {
        generation = 0;
        if (disk.Ledger.FindPending(BytesMax - _used, PieceBytesMax) is not { } pending)
        {
            return false;
        }

        generation = pending.Generation;
        foreach (BlockRun run in pending.Runs)
        {
            if (BytesMax - _used < run.Length)
            {
                return false;
            }

            _pieces.Add(new Piece(disk, run, _used));
            _used += (run.Length + AlignedBuffer.Alignment - 1) & -AlignedBuffer.Alignment;
        }

        return true;
    }

    /// <summary>Reads all of it, several pieces at once. The calling thread takes part, so it gets done even when no other thread is free.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskUnreadable"/>.</exception>
    public void Read()
    {
        try
        {
            Parallel.ForEach(_pieces, new ParallelOptions { MaxDegreeOfParallelism = ReadersMax }, ReadPiece);
        }
        catch (AggregateException errors)
        {
            // One disk that cannot be read is reason enough, and the others' errors are most likely the same.
            ExceptionDispatchInfo.Throw(errors.InnerExceptions[0]);
        }
    }

    /// <summary>The pieces of one disk as changes in memory of its queue, for which this waits; the caller owns them.</summary>
    public async Task<List<CapturedChange>> TakeAsync(DiskCapture disk, TimeSpan pause, TimeProvider time, CancellationToken cancellationToken)
    {
        List<CapturedChange> changes = [];
        try
        {
            foreach (Piece piece in _pieces.Where(piece => piece.Disk == disk))
            {
                CaptureBuffer buffer = default;
                if (!ZeroDetector.IsZero(Content(piece)))
                {
                    while (!disk.TryReserve(piece.Run.Length, out buffer))
                    {
                        await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
                    }

                    Content(piece).CopyTo(buffer.Memory.Span);
                }

                changes.Add(new CapturedChange(piece.Run.Offset, piece.Run.Length, buffer));
            }

            return changes;
        }
        catch
        {
            changes.ForEach(static change => change.Content.Release());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private unsafe void ReadPiece(Piece piece)
    {
        if (piece.Disk.Source is DirectDisk disk)
        {
            disk.ReadInto(piece.Run.Offset, _memory.Start + piece.Place, piece.Run.Length);
            return;
        }

        byte[] content = new byte[piece.Run.Length];
        piece.Disk.Source.ReadAsync(piece.Run.Offset, content, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        content.CopyTo(Content(piece));
    }

    private Span<byte> Content(Piece piece) => _memory.Span.Slice(piece.Place, piece.Run.Length);

    private sealed record Piece(DiskCapture Disk, BlockRun Run, int Place);
}
