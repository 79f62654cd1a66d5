using System;
using System.Buffers;
using System.Threading;
using System.Threading.RateLimiting;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Process;

/// <summary>
/// Pooled memory for bodies in flight on the data port, bounded over all requests: this is what holds agents back when they send faster than the vault takes.
/// First come, first served. Safe for concurrent callers.
/// </summary>
internal sealed class TransferMemory : IDisposable
{
    /// <summary>Bytes in use at once at most: eight batches of full size.</summary>
    public const int BytesMax = 8 * ReplicationLimits.BatchBytesMax;

    // Waiting requests hold no memory but a connection; beyond this the agent is told to come back instead.
    private const int QueuedBytesMax = 2 * BytesMax;
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private readonly ConcurrencyLimiter _budget;

    /// <summary>Creates it.</summary>
    /// <param name="time">The clock of waits.</param>
    /// <param name="bytesMax">Bytes in use at once; at least one full batch.</param>
    public TransferMemory(TimeProvider time, int bytesMax = BytesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytesMax, ReplicationLimits.BatchBytesMax);
        _time = time;
        _budget = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = bytesMax,
            QueueLimit = QueuedBytesMax,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
    }

    /// <summary>
    /// Rents memory of exactly <paramref name="bytes"/>, waiting for it up to 5 seconds; then <see cref="AsrErrorCode.SpoolFull"/>. The wait ends because requests
    /// that hold memory may themselves be waiting for an earlier batch that is not in yet: one of the two has to give way.
    /// </summary>
    public async ValueTask<TransferLease> RentAsync(int bytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = new(WaitMax, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        RateLimitLease permit;
        try
        {
            permit = await _budget.AcquireAsync(bytes, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Full();
        }

        if (!permit.IsAcquired)
        {
            permit.Dispose();
            throw Full();
        }

        return new TransferLease(permit, bytes);
    }

    /// <inheritdoc/>
    public void Dispose() => _budget.Dispose();

    private static AsrException Full() => new(AsrErrorCode.SpoolFull, "The process server holds as many bytes in memory as it may.", "Send again in a moment.");
}

/// <summary>Rented memory; dispose when no one uses it any more.</summary>
internal sealed class TransferLease : IDisposable
{
    private readonly RateLimitLease _permit;
    private byte[]? _array;

    /// <summary>Takes the permit over.</summary>
    public TransferLease(RateLimitLease permit, int bytes)
    {
        _permit = permit;
        _array = ArrayPool<byte>.Shared.Rent(bytes);
        Memory = _array.AsMemory(0, bytes);
    }

    /// <summary>The memory; content undefined.</summary>
    public Memory<byte> Memory { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
            _permit.Dispose();
        }
    }
}
