using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.Engine.Capture;

/// <summary>
/// The write splitter: a disk that the workload uses, which notes every change on its way to the source disk. A write takes its range lock, its mark in
/// the activity log and its place in the stream, and then goes to the source; it never waits for replication. Reads take no lock.
/// The rules are with <see cref="CaptureLedger"/>. What is captured is driven by a MachineReplicator; before that,
/// writes are only marked. Owns the source and the activity log. Thread-safe like every <see cref="IBlockDevice"/>.
/// </summary>
public sealed partial class DiskCapture : IBlockDevice
{
    private readonly RangeLock _ranges = new();
    private readonly CaptureArena _arena;
    private int _isDisposed;

    /// <summary>Wraps a source disk.</summary>
    /// <param name="id">Id of the disk.</param>
    /// <param name="name">Name of the disk within its machine.</param>
    /// <param name="source">The disk; owned from now on.</param>
    /// <param name="activity">The disk's activity log, opened before the first write; owned from now on.</param>
    /// <param name="options">Bounds; null for the defaults.</param>
    /// <param name="tracker">
    /// Tells what is written past this object, for a disk that the workload uses directly; owned from now on. Null for a disk whose writes all come through here.
    /// </param>
    public DiskCapture(
        Guid id, string name, IBlockDevice source, IActivityLog activity, DiskCaptureOptions? options = null, IChangeTracker? tracker = null)
    {
        Id = id;
        Name = name;
        Source = source;
        Activity = activity;
        _arena = new CaptureArena((options ?? new DiskCaptureOptions()).QueueBytesMax);
        Ledger = new CaptureLedger(source.Length, activity, _arena, isTracked: tracker is not null);
        Tracker = tracker;
        if (activity.IsBeingRestored)
        {
            Ledger.SetOffline(true);
        }
    }

    /// <summary>Id of the disk.</summary>
    public Guid Id { get; }

    /// <summary>Name of the disk within its machine.</summary>
    public string Name { get; }

    /// <summary>NBD address at which the workload uses the disk, for reports; set by whoever exports it.</summary>
    public string? ExportUri { get; set; }

    /// <inheritdoc/>
    public long Length => Source.Length;

    /// <inheritdoc/>
    public bool IsReadOnly => Source.IsReadOnly || Ledger.IsOffline;

    /// <summary>Bytes whose content is not yet in the stream, those of a tracked disk that were not asked for yet among them.</summary>
    public long PendingBytes => Math.Min(Length, (Ledger.PendingRegions * Activity.RegionBytes) + (Tracker?.WrittenBytes ?? 0));

    /// <summary>Why the disk is neither served nor replicated while a failback has begun and not ended; else null.</summary>
    internal AsrError? HalfRestored => Activity.IsBeingRestored
        ? new AsrError
        {
            Code = AsrErrorCode.DiskUnreadable,
            Message = $"Disk '{Name}' holds half of a failback: neither what it held before nor what it was to become.",
            Action = "Fail back again. If the machine is not protected any more: stop the agent, write the disk anew from its copy, remove its activity log from the agent's state folder.",
            Target = Name,
        }
        : null;

    internal IBlockDevice Source { get; }

    internal IActivityLog Activity { get; }

    internal CaptureLedger Ledger { get; }

    internal bool HasRoomForCatchUp => _arena.HasRoomForCatchUp;

    /// <inheritdoc/>
    /// <remarks>While a failback writes the disk it is nobody's to read: what it holds was never a disk of the machine.</remarks>
    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        HalfRestored is { } error ? throw error.ToException() : Source.ReadAsync(offset, buffer, cancellationToken);

    /// <inheritdoc/>
    public ValueTask FlushAsync(CancellationToken cancellationToken) => Source.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        Source.GetExtentsAsync(offset, length, cancellationToken);

    /// <summary>
    /// Refuses the workload's changes from now on with <see cref="AsrErrorCode.DiskReadOnly"/>, and returns once those under way have ended.
    /// </summary>
    public async Task TakeOfflineAsync(CancellationToken cancellationToken)
    {
        Ledger.SetOffline(true);
        using RangeLock.Holder all = await _ranges.AcquireAsync(0, Length, exclusive: true, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Has the workload's changes wait until what this returns is disposed; ends once those under way have ended. Not to be held for long, and not while one disk's writes may wait for another's.
    /// </summary>
    internal async Task<IDisposable> HoldWritesAsync(CancellationToken cancellationToken) =>
        await _ranges.AcquireAsync(0, Length, exclusive: true, cancellationToken).ConfigureAwait(false);

    /// <summary>Accepts the workload's changes again, unless a failback of the disk has begun and not ended.</summary>
    public void BringOnline() => Ledger.SetOffline(Activity.IsBeingRestored);

    /// <summary>Ends in order: no more changes, those under way ended, everything on stable storage, the log closed cleanly.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await TakeOfflineAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await Source.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            Activity.CloseCleanly();
        }
        finally
        {
            Activity.Dispose();
            Tracker?.Dispose();
            await Source.DisposeAsync().ConfigureAwait(false);
        }
    }
}
