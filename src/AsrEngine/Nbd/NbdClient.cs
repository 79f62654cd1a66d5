using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>
/// A disk behind an NBD server, over one connection with many requests in flight. Thread-safe. Requests larger than the server's maximum are split.
/// A cancelled call returns at once and its buffer is the caller's again; the reply is thrown away when it comes. A cancelled change may still
/// happen, as long as the connection lives.
/// Once the connection is lost every call fails with <see cref="AsrErrorCode.DiskUnreadable"/>, a broken protocol with
/// <see cref="AsrErrorCode.NbdProtocol"/>; there is no reconnecting here, because only the owner knows what an unanswered write means.
/// </summary>
public sealed partial class NbdClient : IBlockDevice
{
    private const int RequestsInFlightMax = 64;

    // Payloads are copied to be sent, so this and the number of requests bound the memory (256 MiB).
    private const int RequestBytesMax = 4 * 1024 * 1024;

    // Zeroing and block status carry a 32-bit length; a round number below it.
    private const long RangeBytesMax = 1L << 30;

    private readonly Socket _socket;
    private readonly NbdReceiver _receiver;
    private readonly NbdClientHandshake _export;
    private readonly string _name;
    private readonly SemaphoreSlim _places = new(RequestsInFlightMax, RequestsInFlightMax);
    private readonly SemaphoreSlim _sendGate = new(1, 1);
    private readonly ConcurrentDictionary<ulong, NbdPending> _pending = new();
    private readonly Lock _endGate = new();
    private readonly Task _receiving;
    private ulong _lastCookie;
    private Exception? _end;

    private NbdClient(Socket socket, NbdReceiver receiver, NbdClientHandshake export, NbdUri uri)
    {
        _socket = socket;
        _receiver = receiver;
        _export = export;
        _name = uri.ToString();
        _receiving = ReceiveAsync();
    }

    /// <inheritdoc />
    public long Length => _export.Length;

    /// <inheritdoc />
    public bool IsReadOnly => _export.Flags.HasFlag(NbdExportFlags.ReadOnly);

    /// <summary>True when the server says that several connections to this export see and flush each other's writes.</summary>
    public bool IsMultiConnectionSafe => _export.Flags.HasFlag(NbdExportFlags.CanMultiConnection);

    /// <summary>Connects and chooses the export.</summary>
    /// <exception cref="AsrException">
    /// <see cref="AsrErrorCode.NbdExportUnknown"/>, <see cref="AsrErrorCode.NbdProtocol"/>, or <see cref="AsrErrorCode.DiskUnreadable"/> when there is
    /// no server.
    /// </exception>
    public static async Task<NbdClient> ConnectAsync(NbdUri uri, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(uri);
        Socket socket = uri.SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        NbdReceiver receiver = new(socket);
        try
        {
            await (uri.SocketPath is { } path
                ? socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken)
                : socket.ConnectAsync(uri.Host!, uri.Port, cancellationToken)).ConfigureAwait(false);
            NbdClientHandshake handshake = new(socket, receiver, uri);
            await handshake.RunAsync(cancellationToken).ConfigureAwait(false);
            return new NbdClient(socket, receiver, handshake, uri);
        }
        catch (Exception error)
        {
            socket.Dispose();
            receiver.Dispose();
            if (error is SocketException or IOException)
            {
                throw Lost(uri.ToString(), error);
            }

            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, buffer.Length);
        while (buffer.Length > 0)
        {
            int count = Math.Min(buffer.Length, Math.Min(_export.PayloadBytesMax, RequestBytesMax));
            await RequestAsync(NbdCommand.Read, NbdCommandFlags.None, offset, (uint)count, buffer[..count], default, null, cancellationToken).ConfigureAwait(false);
            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc />
    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, buffer.Length, _name);
        while (buffer.Length > 0)
        {
            int count = Math.Min(buffer.Length, Math.Min(_export.PayloadBytesMax, RequestBytesMax));
            await RequestAsync(NbdCommand.Write, NbdCommandFlags.None, offset, (uint)count, default, buffer[..count], null, cancellationToken).ConfigureAwait(false);
            offset += count;
            buffer = buffer[count..];
        }
    }

    /// <inheritdoc />
    public async ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken)
    {
        BlockRange.CheckWritable(this, offset, length, _name);
        if (!_export.Flags.HasFlag(NbdExportFlags.SendWriteZeroes))
        {
            throw new AsrException(AsrErrorCode.DiskUnsupported, $"'{_name}' cannot write zeros.", "Use a server with NBD_CMD_WRITE_ZEROES.", _name);
        }

        // Not TRIM: the protocol lets a server ignore it or leave anything in the range.
        NbdCommandFlags flags = punchHole ? NbdCommandFlags.None : NbdCommandFlags.NoHole;
        while (length > 0)
        {
            uint count = (uint)Math.Min(length, RangeBytesMax);
            await RequestAsync(NbdCommand.WriteZeroes, flags, offset, count, default, default, null, cancellationToken).ConfigureAwait(false);
            offset += count;
            length -= count;
        }
    }

    /// <inheritdoc />
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        // A server without FLUSH writes through, as the protocol says.
        if (_export.Flags.HasFlag(NbdExportFlags.SendFlush))
        {
            await RequestAsync(NbdCommand.Flush, NbdCommandFlags.None, 0, 0, default, default, null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        BlockRange.Check(this, offset, length);
        List<BlockExtent> extents = [];
        if (_export.AllocationContextId is null)
        {
            BlockExtents.Append(extents, new BlockExtent(offset, length, ExtentKind.Data));
            return extents;
        }

        long end = offset + length;
        while (offset < end)
        {
            List<BlockExtent> part = [];
            long count = Math.Min(end - offset, RangeBytesMax);
            await RequestAsync(NbdCommand.BlockStatus, NbdCommandFlags.None, offset, (uint)count, default, default, part, cancellationToken).ConfigureAwait(false);
            BlockExtents.AppendClipped(extents, part, offset, count);
            // The server may have described less than was asked for, never nothing.
            offset = extents[^1].End;
        }

        return extents;
    }
}
