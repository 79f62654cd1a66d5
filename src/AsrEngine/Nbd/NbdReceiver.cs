using System;
using System.Buffers;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Nbd;

/// <summary>
/// Reads a socket through a pooled buffer: many small messages per system call, large payloads straight into their place. One reader at a time.
/// Either by the blocking calls or by the asynchronous ones, never both: an asynchronous call makes a .NET socket non-blocking for good, and
/// then a blocking call takes a detour over another thread.
/// </summary>
internal sealed class NbdReceiver(Socket socket) : IDisposable
{
    /// <summary>Most bytes that can be asked to be buffered: more than a Unix socket holds of small requests, so that one call takes all that wait.</summary>
    public const int BufferBytes = 128 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Bytes received and not consumed yet; valid until the next call.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Drops bytes from the front of <see cref="Buffered"/>.</summary>
    public void Consume(int count) => _start += count;

    /// <summary>
    /// Takes a payload where it lies, without a copy; false when not all of it is buffered. It is valid until the next call that receives, unless
    /// <see cref="TakeBuffer"/> comes first.
    /// </summary>
    public bool TryTakeInPlace(int length, out ReadOnlyMemory<byte> payload)
    {
        bool isBuffered = length <= _end - _start;
        payload = isBuffered ? _buffer.AsMemory(_start, length) : default;
        _start += payload.Length;
        return isBuffered;
    }

    /// <summary>
    /// Hands the pooled buffer over to whoever still uses a payload in it, and goes on with another. The caller returns it to the shared pool, or
    /// drops it.
    /// </summary>
    public byte[] TakeBuffer()
    {
        byte[] taken = _buffer;
        byte[] next = ArrayPool<byte>.Shared.Rent(BufferBytes);
        Buffered.CopyTo(next);
        (_start, _end, _buffer) = (0, _end - _start, next);
        return taken;
    }

    /// <summary>Blocks until at least <paramref name="count"/> bytes are buffered.</summary>
    /// <returns>False when the peer closed the connection between two messages, with nothing buffered.</returns>
    /// <exception cref="EndOfStreamException">The peer closed the connection within a message.</exception>
    public bool Fill(int count)
    {
        while (_end - _start < count)
        {
            if (!Add(socket.Receive(MakeRoom().Span)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Fills the whole target, from the buffer first; blocks.</summary>
    public void Read(Span<byte> target)
    {
        for (target = target[TakeBuffered(target)..]; target.Length > 0;)
        {
            target = target[CheckPayload(socket.Receive(target))..];
        }
    }

    /// <summary>As <see cref="Fill"/>, without blocking the thread.</summary>
    public ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken) =>
        _end - _start >= count ? ValueTask.FromResult(true) : FillSlowAsync(count, cancellationToken);

    /// <summary>As <see cref="Read"/>, without blocking the thread.</summary>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        for (target = target[TakeBuffered(target.Span)..]; target.Length > 0;)
        {
            target = target[CheckPayload(await socket.ReceiveAsync(target, SocketFlags.None, cancellationToken).ConfigureAwait(false))..];
        }
    }

    /// <summary>Returns the buffer; no call may be in progress.</summary>
    public void Dispose()
    {
        byte[] buffer = Interlocked.Exchange(ref _buffer, []);
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<bool> FillSlowAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            if (!Add(await socket.ReceiveAsync(MakeRoom(), SocketFlags.None, cancellationToken).ConfigureAwait(false)))
            {
                return false;
            }
        }

        return true;
    }

    private Memory<byte> MakeRoom()
    {
        if (_start > 0)
        {
            Buffered.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        return _buffer.AsMemory(_end);
    }

    private bool Add(int received)
    {
        if (received == 0)
        {
            return _end == _start ? false : throw new EndOfStreamException("The NBD peer closed the connection within a message.");
        }

        _end += received;
        return true;
    }

    private int TakeBuffered(Span<byte> target)
    {
        int count = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    private static int CheckPayload(int received) =>
        received > 0 ? received : throw new EndOfStreamException("The NBD peer closed the connection within a payload.");
}
