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
/// One client from accept to close. The receive loop starts requests without waiting for them, within the bounds of <see cref="NbdInFlight"/>;
/// replies leave in the order the requests end. A request that ends synchronously never leaves the receive loop's thread.
/// </summary>
internal sealed class NbdConnection
{
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

    // Ends the receiving; requests in flight go on. The second one cancels those too.
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private NbdExecutor? _executor;
    private NbdExport? _export;

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

    /// <summary>Takes no more requests; those in flight are finished and answered, then the connection closes.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Serves the client. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            if (await ShakeHandsAsync().ConfigureAwait(false))
            {
                NbdLog.ExportOpened(_logger, _id, _export!.Name);
                await ServeAsync().ConfigureAwait(false);
            }
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.NbdProtocol)
        {
            NbdLog.ProtocolBroken(_logger, _id, error.Code, error.Message);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            NbdLog.ConnectionLost(_logger, _id, error.Message);
        }
        catch (Exception error)
        {
            NbdLog.Fault(_logger, error, _id);
        }

        _sender.Uncork();
        await DrainAsync().ConfigureAwait(false);
        _socket.Dispose();
        _receiver.Dispose();
        _sender.Dispose();
        _abort.Dispose();
        NbdLog.Closed(_logger, _id);
    }

    private async Task DrainAsync()
    {
        Task drained = _inFlight.DrainAsync();
        try
        {
            await drained.WaitAsync(_options.DrainTimeout, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A client that takes no replies, or a device that hangs: let neither hold the server.
            await _abort.CancelAsync().ConfigureAwait(false);
            _socket.Dispose();
            await drained.ConfigureAwait(false);
        }
    }

    private async Task<bool> ShakeHandsAsync()
    {
        using CancellationTokenSource timeout = new(_options.HandshakeTimeout, _time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _stop.Token);
        ArrayBufferWriter<byte> output = new();
        NbdHandshake.WriteGreeting(output);
        NbdHandshakeStep step = NbdHandshakeStep.Continue;
        while (step is NbdHandshakeStep.Continue or NbdHandshakeStep.NeedMore)
        {
            await SendAsync(output, both.Token).ConfigureAwait(false);
            if (step == NbdHandshakeStep.NeedMore && !await _receiver.FillAsync(_receiver.Buffered.Length + 1, both.Token).ConfigureAwait(false))
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

        await SendAsync(output, both.Token).ConfigureAwait(false);
        return step == NbdHandshakeStep.Transmission;
    }

    private async ValueTask SendAsync(ArrayBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> rest = output.WrittenMemory;
        while (rest.Length > 0)
        {
            rest = rest[await _socket.SendAsync(rest, SocketFlags.None, cancellationToken).ConfigureAwait(false)..];
        }

        output.ResetWrittenCount();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            bool isBuffered = _receiver.Buffered.Length >= NbdConstants.RequestBytes;
            if (!isBuffered)
            {
                _sender.Uncork();
            }

            if (!await _receiver.FillAsync(NbdConstants.RequestBytes, _stop.Token).ConfigureAwait(false))
            {
                return;
            }

            NbdRequestHeader header = NbdRequestHeader.Read(_receiver.Buffered);
            _receiver.Consume(NbdConstants.RequestBytes);
            if (header.Command == NbdCommand.Disconnect)
            {
                return;
            }

            NbdRequest request = await BeginAsync(header).ConfigureAwait(false);
            _sender.Cork();
            // Not awaited here: it is counted in flight until its reply is sent, and the connection waits for the count.
            _ = RunAsync(request);
        }
    }

    /// <summary>Waits for a place in flight and for the payload.</summary>
    private async ValueTask<NbdRequest> BeginAsync(NbdRequestHeader header)
    {
        bool hasPayload = header.Command == NbdCommand.Write;
        if (hasPayload && header.Length > NbdConstants.PayloadBytesMax)
        {
            throw NbdErrors.Protocol($"a write of {header.Length} bytes exceeds {NbdConstants.PayloadBytesMax}");
        }

        long counted = hasPayload || (header.Command == NbdCommand.Read && header.Length <= NbdConstants.PayloadBytesMax) ? header.Length : 0;
        if (!_inFlight.TryAcquire(counted))
        {
            _sender.Uncork();
            await _inFlight.AcquireAsync(counted, _stop.Token).ConfigureAwait(false);
        }

        NbdRequest request = _free.TryTake(out NbdRequest? used) ? used : new NbdRequest();
        request.Begin(header);
        request.CountedBytes = counted;
        if (!hasPayload)
        {
            return request;
        }

        try
        {
            if (_receiver.Buffered.Length < header.Length)
            {
                _sender.Uncork();
            }

            await _receiver.ReadAsync(request.Rent((int)header.Length), _stop.Token).ConfigureAwait(false);
            return request;
        }
        catch
        {
            request.Forget();
            _inFlight.Release(counted);
            throw;
        }
    }

    private async Task RunAsync(NbdRequest request)
    {
        try
        {
            await _executor!.ExecuteAsync(request, _abort.Token).ConfigureAwait(false);
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
    }

    private void Finish(NbdRequest request)
    {
        long counted = request.CountedBytes;
        request.Return();
        _free.Add(request);
        _inFlight.Release(counted);
    }
}
