using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Nbd.Protocol;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Nbd;

/// <summary>
/// One client from accept to close. A thread of its own receives by blocking calls: waking it costs half of what a thread pool's way from the
/// socket costs, which is most of a small request. It starts requests within the bounds of <see cref="NbdInFlight"/> without waiting for them;
/// one that ends synchronously never leaves the thread. Replies leave in the order the requests end.
/// </summary>
internal sealed class NbdConnection
{
    /// <summary>Devices run on it too, so it is not as small as the protocol would allow. Only touched pages take memory.</summary>
    public const int ThreadStackBytes = 512 * 1024;

    private readonly Socket _socket;
    private readonly long _id;
    private readonly NbdServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NbdHandshake _handshake;
    private readonly NbdReceiver _receiver;
    private readonly NbdReplySender _sender;
    private readonly NbdInFlight _inFlight;
    private readonly ConcurrentBag<NbdRequest> _free = [];

    // Cancels the requests in flight. Never disposed: it may be cancelled late, and holds nothing.
    private readonly CancellationTokenSource _abort = new();
    private NbdExecutor? _executor;
    private NbdExport? _export;
    private volatile bool _isStopping;

    public NbdConnection(Socket socket, long id, Func<IReadOnlyList<NbdExport>> exports, NbdServerOptions options, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _id = id;
        _options = options;
        _time = time;
        _logger = logger;
        _handshake = new NbdHandshake(exports);
        _receiver = new NbdReceiver(socket);
        _sender = new NbdReplySender(socket, Finish);
        _inFlight = new NbdInFlight(options.RequestsInFlightMax, options.BytesInFlightMax);
    }

    /// <summary>The export in use; null during the handshake.</summary>
    public NbdExport? Export => Volatile.Read(ref _export);

    /// <summary>Ends once the client is gone and nothing is in flight. Set by the server.</summary>
    public Task Completion { get; set; } = Task.CompletedTask;

    /// <summary>
    /// Refuses further requests with ESHUTDOWN, lets those in flight finish for a while, cancels what remains, and closes once all are answered.
    /// </summary>
    public async Task StopAsync()
    {
        _isStopping = true;
        // Orders the flag before the look at what is in flight; a request that this look misses will see the flag.
        Interlocked.MemoryBarrier();
        await DrainAsync().ConfigureAwait(false);
        NbdSocketCalls.Interrupt(_socket);
        await Completion.ConfigureAwait(false);
    }

    /// <summary>Serves the client. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            TaskCompletionSource received = new(TaskCreationOptions.RunContinuationsAsynchronously);
            Thread thread = new(() => Receive(received), ThreadStackBytes) { IsBackground = true, Name = $"NBD connection {_id}" };
            thread.Start();
            await received.Task.ConfigureAwait(false);
        }
        catch (OutOfMemoryException error)
        {
            // The system gives no more threads.
            NbdLog.Fault(_logger, error, _id);
        }

        await DrainAsync().ConfigureAwait(false);
        _sender.Dispose();
        _socket.Dispose();
        _receiver.Dispose();
        NbdLog.Closed(_logger, _id);
    }

    private void Receive(TaskCompletionSource received)
    {
        try
        {
            if (ShakeHands())
            {
                NbdLog.ExportOpened(_logger, _id, _export!.Name);
                Serve();
            }
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.NbdProtocol)
        {
            NbdLog.ProtocolBroken(_logger, _id, error.Code, error.Message);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            NbdLog.ConnectionLost(_logger, _id, error.Message);
        }
        catch (Exception error)
        {
            NbdLog.Fault(_logger, error, _id);
        }
        finally
        {
            _sender.Uncork();
            received.SetResult();
        }
    }

    private async Task DrainAsync()
    {
        if (await DrainInTimeAsync().ConfigureAwait(false))
        {
            return;
        }

        // What can be cancelled is answered with ESHUTDOWN now.
        await _abort.CancelAsync().ConfigureAwait(false);
        if (!await DrainInTimeAsync().ConfigureAwait(false))
        {
            // A client that takes no replies must not hold the server. A device that neither ends nor can be cancelled does: it still uses
            // the request's buffer.
            NbdSocketCalls.Interrupt(_socket);
            await _inFlight.DrainAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> DrainInTimeAsync()
    {
        Task drained = _inFlight.DrainAsync();
        await drained.WaitAsync(_options.DrainTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return drained.IsCompleted;
    }

    private bool ShakeHands()
    {
        using ITimer timeout = _time.CreateTimer(static socket => NbdSocketCalls.Interrupt((Socket)socket!), _socket, _options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
        ArrayBufferWriter<byte> output = new();
        NbdHandshake.WriteGreeting(output);
        NbdHandshakeStep step = NbdHandshakeStep.Continue;
        while (step is NbdHandshakeStep.Continue or NbdHandshakeStep.NeedMore)
        {
            Send(output);
            if (step == NbdHandshakeStep.NeedMore && !_receiver.Fill(_receiver.Buffered.Length + 1))
            {
                return false;
            }

            step = _handshake.Advance(_receiver.Buffered, output, out int consumed);
            _receiver.Consume(consumed);
        }

        if (_handshake.Export is { } export)
        {
            // Before the last reply is sent, so that a removal of the export cannot miss this connection.
            _executor = new NbdExecutor(export, _handshake.HasStructuredReplies, _handshake.HasAllocationContext);
            Volatile.Write(ref _export, export);
        }

        Send(output);
        return step == NbdHandshakeStep.Transmission;
    }

    private void Send(ArrayBufferWriter<byte> output)
    {
        for (ReadOnlySpan<byte> rest = output.WrittenSpan; rest.Length > 0;)
        {
            rest = rest[_socket.Send(rest)..];
        }

        output.ResetWrittenCount();
    }

    private void Serve()
    {
        while (true)
        {
            if (_receiver.Buffered.Length < NbdConstants.RequestBytes)
            {
                _sender.Uncork();
            }

            if (!_receiver.Fill(NbdConstants.RequestBytes))
            {
                return;
            }

            NbdRequestHeader header = NbdRequestHeader.Read(_receiver.Buffered);
            _receiver.Consume(NbdConstants.RequestBytes);
            if (header.Command == NbdCommand.Disconnect)
            {
                return;
            }

            NbdRequest request = Begin(header, out bool isBorrowed);
            _sender.Cork();
            // Not awaited here: it is counted in flight until its reply is sent, and the connection waits for the count.
            Task<bool> running = RunAsync(request);
            if (isBorrowed && running is not { IsCompletedSuccessfully: true, Result: true })
            {
                // Most writes have ended by now. This one needs the receive buffer for longer, so receiving goes on in another.
                _ = ReturnAsync(_receiver.TakeBuffer(), running);
            }
        }
    }

    private static async Task ReturnAsync(byte[] buffer, Task<bool> running)
    {
        if (await running.ConfigureAwait(false))
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Waits for a place in flight and for the payload, which may lie in the receive buffer.</summary>
    private NbdRequest Begin(NbdRequestHeader header, out bool isBorrowed)
    {
        isBorrowed = false;
        bool hasPayload = header.Command == NbdCommand.Write;
        if (hasPayload && header.Length > NbdConstants.PayloadBytesMax)
        {
            throw NbdErrors.Protocol($"a write of {header.Length} bytes exceeds {NbdConstants.PayloadBytesMax}");
        }

        long counted = hasPayload || (header.Command == NbdCommand.Read && header.Length <= NbdConstants.PayloadBytesMax) ? header.Length : 0;
        if (!_inFlight.TryAcquire(counted))
        {
            _sender.Uncork();
            _inFlight.Acquire(counted);
        }

        NbdRequest request = _free.TryTake(out NbdRequest? used) ? used : new NbdRequest();
        request.Begin(header);
        request.CountedBytes = counted;
        if (!hasPayload)
        {
            return request;
        }

        isBorrowed = _receiver.TryTakeInPlace((int)header.Length, out ReadOnlyMemory<byte> payload);
        if (isBorrowed)
        {
            request.Borrow(payload);
            return request;
        }

        try
        {
            _sender.Uncork();
            _receiver.Read(request.RentPayload((int)header.Length));
            return request;
        }
        catch
        {
            Finish(request);
            throw;
        }
    }

    // False when the device failed and might still touch the payload.
    private async Task<bool> RunAsync(NbdRequest request)
    {
        bool hasEnded = false;
        try
        {
            if (_isStopping)
            {
                throw new OperationCanceledException("The NBD server is shutting down.");
            }

            await _executor!.ExecuteAsync(request, _abort.Token).ConfigureAwait(false);
            hasEnded = true;
        }
        catch (Exception error)
        {
            // Whatever a device throws concerns this request only.
            NbdRequestHeader header = request.Header;
            NbdLog.RequestFailed(_logger, error, _id, header.Command.ToString(), header.Length, header.Offset);
            request.Forget();
            _executor!.Fail(request, NbdErrors.ToErrno(error), error.Message);
        }

        _sender.Enqueue(request);
        return hasEnded;
    }

    private void Finish(NbdRequest request)
    {
        long counted = request.CountedBytes;
        request.Return();
        _free.Add(request);
        _inFlight.Release(counted);
    }
}
