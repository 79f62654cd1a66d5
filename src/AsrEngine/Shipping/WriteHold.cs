using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <summary>The writes of several served disks, waiting. Disposing it lets them go on; one owner.</summary>
internal sealed class WriteHold : IDisposable
{
    private readonly List<IDisposable> _holds;

    private WriteHold(List<IDisposable> holds) => _holds = holds;

    /// <summary>Holds the writes of these disks; when it throws, none is held.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.QuiesceFailed"/>: those under way did not end within the budget.</exception>
    public static async Task<WriteHold> TakeAsync(IReadOnlyList<DiskCapture> disks, TimeSpan budget, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(budget);
        List<IDisposable> holds = [];
        try
        {
            // One order for all callers, or two of them could wait for each other.
            foreach (DiskCapture disk in disks.OrderBy(static disk => disk.Id))
            {
                holds.Add(await disk.HoldWritesAsync(limit.Token).ConfigureAwait(false));
            }

            return new WriteHold(holds);
        }
        catch (Exception error)
        {
            holds.ForEach(static hold => hold.Dispose());
            if (error is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new AsrException(
                    AsrErrorCode.QuiesceFailed,
                    $"Writes that were under way did not end within {budget.TotalMilliseconds:0} ms.",
                    "The next round tries again. If it stays so, the disks are slower than what is written to them.",
                    inner: error);
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Also by whoever lets them go on early: a range is released once.
        _holds.ForEach(static hold => hold.Dispose());
        _holds.Clear();
    }
}
