using System;
using System.Buffers;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Threading;

namespace Asr.Engine.Nbd;

/// <summary>
/// Sends the replies of one connection. Whoever finishes a request while nobody sends becomes the sender and sends all that has come up since;
/// small replies share a system call. The receive loop corks it while more requests are already buffered. Nobody waits for a slow client: what
/// the socket does not take at once is left to a thread of its own, started at first need, so that requests are received meanwhile and a client
/// that sends before it reads cannot deadlock. Never throws: a failed send shuts the socket down, and later replies are dropped.
/// Each request is handed to <c>sent</c> exactly once, after which its buffer is free.
/// </summary>
internal sealed class NbdReplySender(Socket socket, Action<NbdRequest> sent) : IDisposable
{
    private const int BatchBytes = 64 * 1024;

    // Larger replies are sent from their own buffer instead of being copied.
    private const int CopiedReplyBytesMax = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<NbdRequest> _queue = [];
    private readonly byte[] _batch = ArrayPool<byte>.Shared.Rent(BatchBytes);
    private readonly SemaphoreSlim _leftOver = new(0);
    private bool _isSending;
    private bool _isCorked;
    private bool _isClosed;

    // The piece being sent and the requests it answers; touched by the present sender only.
    private readonly List<NbdRequest> _pieceRequests = [];
    private ReadOnlyMemory<byte> _piece;
    private bool _hasFailed;
    private Thread? _patientSender;

    /// <summary>Queues a finished request and sends unless someone else does.</summary>
    public void Enqueue(NbdRequest request)
    {
        lock (_gate)
        {
            _queue.Enqueue(request);
            if (_isSending || _isCorked)
            {
                return;
            }

            _isSending = true;
        }

        SendAll();
    }

    /// <summary>Holds replies back while the caller is about to add more.</summary>
    public void Cork()
    {
        if (_isCorked)
        {
            // Only the caller of this method and of Uncork changes it.
            return;
        }

        lock (_gate)
        {
            _isCorked = true;
        }
    }

    /// <summary>Sends what was held back.</summary>
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

        SendAll();
    }

    /// <summary>Ends the thread and gives the batch buffer back; every request must have been sent.</summary>
    public void Dispose()
    {
        _isClosed = true;
        _leftOver.Release();
        _patientSender?.Join();
        _leftOver.Dispose();
        ArrayPool<byte>.Shared.Return(_batch);
    }

    private void SendAll()
    {
        while (TakePiece())
        {
            if (!TrySend(canWait: false))
            {
                StartPatientSender();
                _leftOver.Release();
                return;
            }

            FinishPiece();
        }
    }

    private void StartPatientSender()
    {
        if (_patientSender is null)
        {
            _patientSender = new Thread(SendPatiently, NbdConnection.ThreadStackBytes) { IsBackground = true, Name = "NBD slow client" };
            _patientSender.Start();
        }
    }

    private void SendPatiently()
    {
        for (_leftOver.Wait(); !_isClosed; _leftOver.Wait())
        {
            do
            {
                TrySend(canWait: true);
                FinishPiece();
            }
            while (TakePiece());
        }
    }

    /// <summary>Takes one large reply or many small ones from the queue; when it is empty, nobody sends any more.</summary>
    private bool TakePiece()
    {
        lock (_gate)
        {
            if (!_queue.TryDequeue(out NbdRequest? request))
            {
                _isSending = false;
                return false;
            }

            _pieceRequests.Add(request);
            _piece = request.Reply;
            if (_piece.Length > CopiedReplyBytesMax || _queue.Count == 0)
            {
                return true;
            }

            int used = 0;
            while (true)
            {
                request.Reply.CopyTo(_batch.AsMemory(used));
                used += request.Reply.Length;
                if (!_queue.TryPeek(out request) || request.Reply.Length > Math.Min(CopiedReplyBytesMax, BatchBytes - used))
                {
                    break;
                }

                _pieceRequests.Add(_queue.Dequeue());
            }

            _piece = _batch.AsMemory(0, used);
            return true;
        }
    }

    /// <summary>Sends the piece, or as much of it as the socket takes at once.</summary>
    /// <returns>False when some of it is left.</returns>
    private bool TrySend(bool canWait)
    {
        while (_piece.Length > 0 && !_hasFailed)
        {
            int count = NbdSocketCalls.Send(socket, _piece.Span, canWait);
            if (count == 0)
            {
                return false;
            }

            if (count < 0)
            {
                _hasFailed = true;
                // Wakes the receive loop, which ends the connection.
                NbdSocketCalls.Interrupt(socket);
                return true;
            }

            _piece = _piece[count..];
        }

        return true;
    }

    private void FinishPiece()
    {
        _piece = default;
        // The last hand-over may let the connection end and dispose this sender, so nothing but the empty queue is looked at after it.
        foreach (NbdRequest request in _pieceRequests)
        {
            sent(request);
        }

        _pieceRequests.Clear();
    }
}
