using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO.Hashing;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault.Local;

namespace Asr.Engine.Vault;

/// <summary>
/// A segment store with a bounded spool before it: segments that the store cannot take now are kept on this machine, just as durable
/// and just as sealed, and brought over in order in the background. Reads see them; listings do not, because only what is in the store
/// itself counts. Behind each spooled segment lies its hash: what went bad on this machine must not reach the vault, where it would pass for
/// stored. Safe for concurrent callers.
/// </summary>
internal sealed class SpoolingSegmentStore : ISegmentStore, IAsyncDisposable
{
    private const int HashBytes = 16;
    private const int ReadAttemptsMax = 3;

    private static readonly TimeSpan RetryDelayMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(30);

    private readonly ISegmentStore _store;
    private readonly LocalSegmentStore _spool;
    private readonly long _bytesMax;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Guid, SpoolQueue> _queues = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly CancellationTokenSource _stop = new();
    private Task _draining = Task.CompletedTask;
    private long _pendingBytes;

    private SpoolingSegmentStore(ISegmentStore store, LocalSegmentStore spool, long bytesMax, TimeProvider time)
    {
        _store = store;
        _spool = spool;
        _bytesMax = bytesMax;
        _time = time;
    }

    /// <summary>Bytes in the spool.</summary>
    public long PendingBytes => Interlocked.Read(ref _pendingBytes);

    /// <summary>Takes up what an earlier process left in the spool and starts bringing it over.</summary>
    public static async Task<SpoolingSegmentStore> OpenAsync(ISegmentStore store, LocalSegmentStore spool, long bytesMax, TimeProvider time, CancellationToken cancellationToken)
    {
        SpoolingSegmentStore spooling = new(store, spool, bytesMax, time);
        spool.SweepAll();
        foreach (Guid diskId in spool.ListDisks())
        {
            await foreach (SegmentName name in spool.ListAsync(diskId, cancellationToken).ConfigureAwait(false))
            {
                long length = await spool.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) ?? 0;
                spooling._pendingBytes += length;
                spooling.Enqueue(name, length);
            }
        }

        spooling._draining = Task.Run(spooling.DrainInBackgroundAsync, CancellationToken.None);
        return spooling;
    }

    /// <inheritdoc/>
    public async Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        SpoolQueue queue = QueueOf(name.DiskId);
        if (name.Kind != SegmentKind.Changes || queue.IsEmpty)
        {
            try
            {
                await _store.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (AsrException error) when (name.Kind == SegmentKind.Changes && IsTemporary(error))
            {
                // To the spool. The put may have got there all the same; then bringing it over finds the same bytes.
            }
        }

        await SpoolAsync(name, content, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task WhenStoredAsync(SegmentName name) => QueueOf(name.DiskId).WhenStored(name);

    /// <inheritdoc/>
    public async Task DrainAsync(Guid diskId, CancellationToken cancellationToken)
    {
        SpoolQueue queue = QueueOf(diskId);
        await queue.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (queue.TryPeek(out SegmentName name, out long length))
            {
                AsrException? lost = await BringOverAsync(name, length, cancellationToken).ConfigureAwait(false);
                await _spool.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
                queue.Complete(lost);
                Interlocked.Add(ref _pendingBytes, -length);
            }
        }
        finally
        {
            queue.Gate.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken) =>
        (QueueOf(name.DiskId).Contains(name) ? await _spool.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) - HashBytes : null)
            ?? await _store.GetLengthAsync(name, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (QueueOf(name.DiskId).Contains(name))
        {
            try
            {
                await _spool.ReadAsync(name, offset, buffer, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (AsrException moved) when (moved.Code == AsrErrorCode.SegmentMissing)
            {
                // Brought over since it was looked up.
            }
        }

        await _store.ReadAsync(name, offset, buffer, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, CancellationToken cancellationToken) => _store.ListAsync(diskId, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(SegmentName name, CancellationToken cancellationToken) => _store.DeleteAsync(name, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _draining.ConfigureAwait(false);
        _stop.Dispose();
        _work.Dispose();
    }

    private static bool IsTemporary(AsrException error) => error.Code is AsrErrorCode.VaultUnavailable or AsrErrorCode.VaultFull;

    private static AsrException Full(long bytes, long bytesMax, Exception? inner) => new(
        AsrErrorCode.SpoolFull,
        inner is null ? $"The spool holds {bytes} bytes of the {bytesMax} it may." : $"The spool cannot be written: {inner.Message}",
        "Bring the vault's storage back; until then the sources remember what changes.",
        null,
        inner);

    private async Task SpoolAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        byte[] spooled = new byte[content.Length + HashBytes];
        content.Span.CopyTo(spooled);
        XxHash128.Hash(content.Span, spooled.AsSpan(content.Length));

        // Reserved before it is written: several may be on their way here.
        long reserved = Interlocked.Add(ref _pendingBytes, spooled.Length);
        bool isKept = false;
        try
        {
            if (reserved > _bytesMax)
            {
                throw Full(reserved - spooled.Length, _bytesMax, null);
            }

            await _spool.PutAsync(name, spooled, cancellationToken).ConfigureAwait(false);
            isKept = true;
        }
        catch (AsrException error) when (IsTemporary(error))
        {
            throw Full(reserved - spooled.Length, _bytesMax, error);
        }
        finally
        {
            if (!isKept)
            {
                Interlocked.Add(ref _pendingBytes, -spooled.Length);
            }
        }

        Enqueue(name, spooled.Length);
    }

    private void Enqueue(in SegmentName name, long length)
    {
        QueueOf(name.DiskId).Add(name, length);
        _work.Release();
    }

    /// <summary>Puts one spooled object into the store. Returns why it never can be there, or null; throws when it cannot be there now.</summary>
    private async Task<AsrException?> BringOverAsync(SegmentName name, long length, CancellationToken cancellationToken)
    {
        byte[] spooled = new byte[length];
        try
        {
            await ReadSpooledAsync(name, spooled, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error)
        {
            // The sources have kept their marks for it: they send it again under a new session.
            return new AsrException(AsrErrorCode.SessionLost, $"A change was lost from the spool: {error.Message}", "Open a new session.", error.Target, error);
        }

        try
        {
            await _store.PutAsync(name, spooled.AsMemory(0, spooled.Length - HashBytes), cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.WriterFenced)
        {
            return error;
        }
    }

    /// <summary>
    /// Reads and checks. A read that fails is tried again, but not for ever: one bad sector must not keep the disk from ever being replicated again.
    /// </summary>
    private async Task ReadSpooledAsync(SegmentName name, byte[] spooled, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await _spool.ReadAsync(name, 0, spooled, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (AsrException error) when (IsTemporary(error) && attempt < ReadAttemptsMax)
            {
                await Task.Delay(RetryDelayMin, _time, cancellationToken).ConfigureAwait(false);
            }
        }

        if (spooled.Length < HashBytes || !XxHash128.Hash(spooled.AsSpan(0, spooled.Length - HashBytes)).AsSpan().SequenceEqual(spooled.AsSpan(spooled.Length - HashBytes)))
        {
            throw SegmentErrors.Corrupt(name, 0, "is in the spool with bytes that do not have their hash");
        }
    }

    private async Task DrainInBackgroundAsync()
    {
        TimeSpan delay = RetryDelayMin;
        try
        {
            while (true)
            {
                await _work.WaitAsync(_stop.Token).ConfigureAwait(false);
                while (!await TryDrainAllAsync().ConfigureAwait(false))
                {
                    await Task.Delay(delay, _time, _stop.Token).ConfigureAwait(false);
                    delay = delay * 2 < RetryDelayMax ? delay * 2 : RetryDelayMax;
                }

                delay = RetryDelayMin;
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed. What is spooled stays for the next process.
        }
    }

    private async Task<bool> TryDrainAllAsync()
    {
        bool all = true;
        foreach (Guid diskId in _queues.Keys)
        {
            try
            {
                await DrainAsync(diskId, _stop.Token).ConfigureAwait(false);
            }
            catch (AsrException error) when (IsTemporary(error))
            {
                all = false;
            }
        }

        return all;
    }

    private SpoolQueue QueueOf(Guid diskId) => _queues.GetOrAdd(diskId, static _ => new SpoolQueue());
}
