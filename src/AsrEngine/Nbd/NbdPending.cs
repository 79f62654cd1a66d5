using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>
/// A request of the client that waits for its reply. Changed by the receive loop only, until it is completed. Its caller may give up; then the
/// buffer is the caller's again at once and the reply is thrown away when it comes.
/// </summary>
internal sealed class NbdPending(NbdRequestHeader header, Memory<byte> target)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private bool _isGivenUp;

    public NbdRequestHeader Header { get; } = header;

    /// <summary>What a block status reply described.</summary>
    public List<BlockExtent>? Extents { get; init; }

    /// <summary>Bytes of the read that chunks have filled so far.</summary>
    public long Filled { get; set; }

    public NbdErrno Error { get; set; }

    /// <summary>Puts data into the caller's buffer if it is still lent.</summary>
    public void Copy(int position, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (!_isGivenUp)
            {
                data.CopyTo(target.Span[position..]);
            }
        }
    }

    /// <summary>Puts zeros into the caller's buffer if it is still lent.</summary>
    public void Clear(int position, int length)
    {
        lock (_gate)
        {
            if (!_isGivenUp)
            {
                target.Span.Slice(position, length).Clear();
            }
        }
    }

    /// <summary>Waits for the reply. After it, ended or cancelled, the buffer is not touched any more.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _isGivenUp = true;
            }

            throw;
        }
    }

    public void Complete() => _done.TrySetResult();

    public void Fail(Exception error) => _done.TrySetException(error);
}
