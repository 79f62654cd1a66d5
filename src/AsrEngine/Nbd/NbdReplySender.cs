using System;
using System.Buffers;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Nbd;

/// <summary>
/// Sends the replies of one connection. Whoever finishes a request while nobody sends becomes the sender and sends all that has come up since;
/// small replies share a system call. The receive loop corks it while more requests are already buffered. Never throws: a failed send closes the
/// socket, and later replies are dropped. Each request is handed to <c>sent</c> exactly once, after which its buffer is free.
/// </summary>
internal sealed class NbdReplySender(Socket socket, Action<NbdRequest> sent) : IDisposable
{
    private const int BatchBytes = 64 * 1024;

    // Larger replies are sent from their own buffer instead of being copied.
    private const int CopiedReplyBytesMax = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly byte[] _batch = ArrayPool<byte>.Shared.Rent(BatchBytes);
    private List<NbdRequest> _queue = [];
    private List<NbdRequest> _sending = [];
    private bool _isSending;
    private bool _isCorked;
    private volatile bool _hasFailed;

    /// <summary>Queues a finished request and sends unless someone else does.</summary>
    public void Enqueue(NbdRequest request)
    {
        lock (_gate)
        {
            _queue.Add(request);
            if (_isSending || _isCorked)
            {
                return;
            }

            _isSending = true;
        }

        // Not awaited: the requests themselves are counted, and the connection waits for all of them.
        _ = DrainAsync();
    }

    /// <summary>Holds replies back while the caller is about to add more.</summary>
    public void Cork()
    {
        lock (_gate)
        {
            _isCorked = true;
        }
    }

    /// <summary>Sends what was held back. Does not wait for a slow client: it must stay possible to receive from it meanwhile.</summary>
    public void Uncork()
    {
        lock (_gate)
        {
            _isCorked = false;
            if (_isSending || _queue.Count == 0)
            {
                return;
            }

            _isSending = true;
        }

        _ = DrainAsync();
    }

    /// <summary>Gives the batch buffer back; every request must have been sent.</summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_batch);

    private async Task DrainAsync()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_queue.Count == 0)
                {
                    _isSending = false;
                    return;
                }

                (_queue, _sending) = (_sending, _queue);
            }

            try
            {
                int used = 0;
                for (int i = 0; i < _sending.Count && !_hasFailed; i++)
                {
                    ReadOnlyMemory<byte> reply = _sending[i].Reply;
                    bool isCopied = reply.Length <= CopiedReplyBytesMax;
                    if (used > 0 && (!isCopied || used + reply.Length > BatchBytes))
                    {
                        await SendAsync(_batch.AsMemory(0, used)).ConfigureAwait(false);
                        used = 0;
                    }

                    if (isCopied)
                    {
                        reply.CopyTo(_batch.AsMemory(used));
                        used += reply.Length;
                    }
                    else
                    {
                        await SendAsync(reply).ConfigureAwait(false);
                    }
                }

                if (used > 0)
                {
                    await SendAsync(_batch.AsMemory(0, used)).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                _hasFailed = true;
                // Wakes the receive loop, which ends the connection.
                socket.Dispose();
            }

            // The last hand-over may let the connection end and dispose this sender, so the state is settled first.
            bool isDone;
            NbdRequest last = _sending[^1];
            for (int i = 0; i < _sending.Count - 1; i++)
            {
                sent(_sending[i]);
            }

            _sending.Clear();
            lock (_gate)
            {
                isDone = _queue.Count == 0;
                _isSending = !isDone;
            }

            sent(last);
            if (isDone)
            {
                return;
            }
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> data)
    {
        while (data.Length > 0)
        {
            int count = await socket.SendAsync(data, SocketFlags.None, CancellationToken.None).ConfigureAwait(false);
            data = data[count..];
        }
    }
}
