using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault;

/// <summary>
/// A sealed segment from its place in the stream until it counts as received. Owns its share of the batch, and the sealed bytes until they are stored: a put that
/// failed may have stored them all the same, so it is repeated with the very same bytes. Other bytes under the name would be taken for another
/// writer's, and the nonces may be out already. Driven by its <see cref="ReplicaWriter"/>.
/// </summary>
internal sealed class SegmentUnderWay(SealedObject segment, ChangeBatch batch, int skip) : IDisposable
{
    private int _disposed;
    private volatile bool _isStored;
    private TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SegmentName Name { get; } = segment.Name;

    /// <summary>Only the table of the batch: the memory it was parsed from may be another one's by now.</summary>
    public ReadOnlySpan<Change> Changes => batch.Changes[skip..];

    /// <summary>Ends once the segment counts as received; throws what keeps it, or one before it, from being stored.</summary>
    public Task Settled => _settled.Task;

    /// <summary>The put under way, or the last one; it never throws.</summary>
    public Task Put { get; private set; } = Task.CompletedTask;

    /// <summary>Whether the put has ended well; whoever sees it may count and dispose of the segment.</summary>
    public bool IsStored => _isStored;

    /// <summary>Why the last put failed; null while one is under way.</summary>
    public Exception? Error { get; private set; }

    /// <summary>Starts a put, the first or another; <paramref name="ended"/> follows it.</summary>
    public void Start(ISegmentStore store, Func<Task> ended, CancellationToken cancellationToken)
    {
        Error = null;
        Put = PutAsync(store, ended, cancellationToken);
    }

    /// <summary>Prepares for another try: who asks from now on waits for that.</summary>
    public void Renew()
    {
        if (_settled.Task.IsCompleted)
        {
            _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Settle() => _settled.TrySetResult();

    public void Fail(Exception error)
    {
        _settled.TrySetException(error);

        // Whoever sent it may have gone away.
        _ = _settled.Task.Exception;
    }

    /// <summary>Once only: whoever counts the segment and whoever ends its writer may meet here, and the batch is shared with others.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            segment.Dispose();
            batch.Dispose();
        }
    }

    private async Task PutAsync(ISegmentStore store, Func<Task> ended, CancellationToken cancellationToken)
    {
        try
        {
            await store.PutAsync(Name, segment.Memory, cancellationToken).ConfigureAwait(false);

            // The memory first: from the next line on the segment may be disposed of by another put's end.
            segment.Dispose();
            _isStored = true;
        }
        catch (Exception error)
        {
            Error = error;
        }

        await ended().ConfigureAwait(false);
    }
}
