using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

// Sending requests, and the loop that receives replies.
public sealed partial class NbdClient
{
    private const int ErrorTextBytesMax = 4096;
    private const int StatusBytesMax = 8 * 1024 * 1024;

    /// <summary>Says goodbye and closes, without waiting for the server. Requests still in flight fail.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_sendGate.Wait(0, CancellationToken.None))
        {
            SayGoodbye();
            _sendGate.Release();
        }

        _socket.Dispose();
        await _receiving.ConfigureAwait(false);
        // A send in progress holds the gate and fails now.
        await _sendGate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _sendGate.Release();
        _receiver.Dispose();
    }

    private void SayGoodbye()
    {
        try
        {
            Span<byte> goodbye = stackalloc byte[NbdConstants.RequestBytes];
            new NbdRequestHeader(NbdCommandFlags.None, NbdCommand.Disconnect, 0, 0, 0).Write(goodbye);
            // A courtesy: what a server that hangs does not take is not sent.
            _ = NbdSocketCalls.Send(_socket, goodbye, canWait: false);
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The server went first.
        }
    }

    private async ValueTask RequestAsync(
        NbdCommand command, NbdCommandFlags flags, long offset, uint length, Memory<byte> target, ReadOnlyMemory<byte> payload, List<BlockExtent>? extents,
        CancellationToken cancellationToken)
    {
        NbdRequestHeader header = new(flags, command, Interlocked.Increment(ref _lastCookie), (ulong)offset, length);
        NbdPending pending = new(header, target) { Extents = extents };
        await BeginAsync(pending, payload, cancellationToken).ConfigureAwait(false);
        await pending.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (pending.Error != NbdErrno.None)
        {
            throw NbdErrors.FromErrno(pending.Error, $"{command} of {length} bytes at {offset}", _name);
        }
    }

    /// <summary>Starts to send a request once there is a place for it. The place is free again when its reply has come, even if nobody waits for it.</summary>
    private async ValueTask BeginAsync(NbdPending pending, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool hasBegun = false;
        try
        {
            await _sendGate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                lock (_endGate)
                {
                    if (_end is not null)
                    {
                        throw Lost(_name, _end);
                    }

                    _pending[pending.Header.Cookie] = pending;
                }

                hasBegun = true;
            }
            finally
            {
                if (!hasBegun)
                {
                    _sendGate.Release();
                }
            }
        }
        finally
        {
            if (!hasBegun)
            {
                _places.Release();
            }
        }

        // From a copy, because a message must not be cut off, and a caller who cancels gets the payload's buffer back at once.
        // Not awaited here: it holds the gate until its end, which disposing waits for.
        int length = NbdConstants.RequestBytes + payload.Length;
        byte[] message = ArrayPool<byte>.Shared.Rent(length);
        pending.Header.Write(message);
        payload.CopyTo(message.AsMemory(NbdConstants.RequestBytes));
        _ = SendAsync(message, length);
    }

    private async Task SendAsync(byte[] message, int length)
    {
        try
        {
            for (int sent = 0; sent < length;)
            {
                sent += await _socket.SendAsync(message.AsMemory(sent, length - sent), SocketFlags.None, CancellationToken.None).ConfigureAwait(false);
            }

            ArrayPool<byte>.Shared.Return(message);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Ends the receive loop, which fails this request with all the others.
            _socket.Dispose();
        }
        finally
        {
            _sendGate.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        Exception end;
        try
        {
            while (await _receiver.FillAsync(NbdConstants.SimpleReplyBytes, CancellationToken.None).ConfigureAwait(false))
            {
                await ReceiveReplyAsync().ConfigureAwait(false);
            }

            end = new EndOfStreamException("the server closed the connection");
        }
        catch (Exception error)
        {
            // Also faults of our own: every waiter must hear of them.
            end = error;
        }

        _socket.Dispose();
        lock (_endGate)
        {
            _end = end;
        }

        foreach (NbdPending pending in _pending.Values)
        {
            pending.Fail(Lost(_name, end));
            _places.Release();
        }
    }

    private async ValueTask ReceiveReplyAsync()
    {
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(_receiver.Buffered);
        if (magic == NbdConstants.SimpleReplyMagic)
        {
            NbdErrno error = (NbdErrno)BinaryPrimitives.ReadUInt32BigEndian(_receiver.Buffered[4..]);
            NbdPending pending = Find(BinaryPrimitives.ReadUInt64BigEndian(_receiver.Buffered[8..]));
            _receiver.Consume(NbdConstants.SimpleReplyBytes);
            pending.Error = error;
            if (pending.Header.Command == NbdCommand.Read && error == NbdErrno.None)
            {
                if (_export.HasStructuredReplies)
                {
                    throw NbdErrors.Protocol("a simple reply to a read after structured replies were agreed");
                }

                await ReceiveDataAsync(pending, 0, (int)pending.Header.Length).ConfigureAwait(false);
                pending.Filled = pending.Header.Length;
            }

            Finish(pending);
            return;
        }

        if (magic != NbdConstants.StructuredReplyMagic || !_export.HasStructuredReplies
            || !await _receiver.FillAsync(NbdConstants.ChunkHeaderBytes, CancellationToken.None).ConfigureAwait(false))
        {
            throw NbdErrors.Protocol($"a reply starts with 0x{magic:x8}");
        }

        await ReceiveChunkAsync().ConfigureAwait(false);
    }

    private async ValueTask ReceiveChunkAsync()
    {
        bool isLast = (BinaryPrimitives.ReadUInt16BigEndian(_receiver.Buffered[4..]) & 1) != 0;
        NbdChunk kind = (NbdChunk)BinaryPrimitives.ReadUInt16BigEndian(_receiver.Buffered[6..]);
        NbdPending pending = Find(BinaryPrimitives.ReadUInt64BigEndian(_receiver.Buffered[8..]));
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_receiver.Buffered[16..]);
        _receiver.Consume(NbdConstants.ChunkHeaderBytes);
        switch (kind)
        {
            case NbdChunk.None when length == 0:
                break;
            case NbdChunk.OffsetData when length > 8:
                await ReceiveSmallAsync(8).ConfigureAwait(false);
                await ReceiveDataAsync(pending, TakePosition(pending, ReadOffset(), length - 8), (int)length - 8).ConfigureAwait(false);
                break;
            case NbdChunk.OffsetHole when length == 12:
                await ReceiveSmallAsync(12).ConfigureAwait(false);
                uint holeBytes = BinaryPrimitives.ReadUInt32BigEndian(_small.AsSpan(8));
                pending.Clear(TakePosition(pending, ReadOffset(), holeBytes), (int)holeBytes);
                break;
            case NbdChunk.BlockStatus when length is >= 12 and <= StatusBytesMax && length % 8 == 4:
                byte[] status = new byte[length];
                await _receiver.ReadAsync(status, CancellationToken.None).ConfigureAwait(false);
                ReadStatus(pending, status);
                break;
            case var _ when ((ushort)kind & 0x8000) != 0 && length is >= 6 and <= ErrorTextBytesMax:
                byte[] error = new byte[length];
                await _receiver.ReadAsync(error, CancellationToken.None).ConfigureAwait(false);
                uint number = BinaryPrimitives.ReadUInt32BigEndian(error);
                pending.Error = number == 0 ? NbdErrno.InputOutput : (NbdErrno)number;
                break;
            default:
                throw NbdErrors.Protocol($"a chunk of kind {(ushort)kind} with {length} bytes");
        }

        if (isLast)
        {
            Finish(pending);
        }
    }

    // Offsets at the start of chunks; used by the receive loop only.
    private readonly byte[] _small = new byte[12];

    private ulong ReadOffset() => BinaryPrimitives.ReadUInt64BigEndian(_small);

    private ValueTask ReceiveSmallAsync(int bytes) => _receiver.ReadAsync(_small.AsMemory(0, bytes), CancellationToken.None);

    private async ValueTask ReceiveDataAsync(NbdPending pending, int position, int length)
    {
        while (length > 0)
        {
            if (!await _receiver.FillAsync(1, CancellationToken.None).ConfigureAwait(false))
            {
                throw new EndOfStreamException("the server closed the connection within a reply");
            }

            int count = Math.Min(length, _receiver.Buffered.Length);
            pending.Copy(position, _receiver.Buffered[..count]);
            _receiver.Consume(count);
            position += count;
            length -= count;
        }
    }

    /// <summary>Where in the caller's buffer a chunk belongs; chunks must stay inside the request and add up to it.</summary>
    private static int TakePosition(NbdPending pending, ulong offset, long length)
    {
        ulong start = pending.Header.Offset;
        if (pending.Header.Command != NbdCommand.Read || offset < start || length > pending.Header.Length
            || offset - start > pending.Header.Length - (ulong)length || pending.Filled + length > pending.Header.Length)
        {
            throw NbdErrors.Protocol("a chunk lies outside its request");
        }

        pending.Filled += length;
        return (int)(offset - start);
    }

    private void ReadStatus(NbdPending pending, ReadOnlySpan<byte> status)
    {
        if (pending.Extents is not { } extents || BinaryPrimitives.ReadUInt32BigEndian(status) != _export.AllocationContextId)
        {
            throw NbdErrors.Protocol("block status that was not asked for");
        }

        long offset = (long)pending.Header.Offset;
        for (status = status[4..]; status.Length > 0; status = status[8..])
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(status);
            uint flags = BinaryPrimitives.ReadUInt32BigEndian(status[4..]);
            bool isZero = (flags & NbdConstants.AllocationZero) != 0;
            // A hole that does not say it reads as zeros holds unknown content.
            ExtentKind kind = !isZero ? ExtentKind.Data : (flags & NbdConstants.AllocationHole) != 0 ? ExtentKind.Hole : ExtentKind.Zero;
            BlockExtents.Append(extents, new BlockExtent(offset, length, kind));
            offset += length;
        }
    }

    private void Finish(NbdPending pending)
    {
        bool isIncomplete = pending.Header.Command switch
        {
            NbdCommand.Read => pending.Filled != pending.Header.Length,
            NbdCommand.BlockStatus => pending.Extents is null or { Count: 0 },
            _ => false,
        };
        if (pending.Error == NbdErrno.None && isIncomplete)
        {
            throw NbdErrors.Protocol("a reply ends before all of it has come");
        }

        _pending.TryRemove(pending.Header.Cookie, out _);
        pending.Complete();
        _places.Release();
    }

    private NbdPending Find(ulong cookie) =>
        _pending.TryGetValue(cookie, out NbdPending? pending) ? pending : throw NbdErrors.Protocol("a reply to no request");

    private static AsrException Lost(string name, Exception cause) => cause is AsrException known
        ? new AsrException(known.Code, known.Message, known.Action, name, known)
        : new AsrException(AsrErrorCode.DiskUnreadable, $"The connection to '{name}' is lost: {cause.Message}", "Check the server and connect again.", name, cause);
}
