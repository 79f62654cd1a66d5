using System;
using System.Buffers;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Nbd;

/// <summary>
/// Reads a socket through a pooled buffer: many small messages per system call, large payloads straight into their place. One reader at a time.
/// </summary>
internal sealed class NbdReceiver(Socket socket) : IDisposable
{
    /// <summary>Most bytes that <see cref="FillAsync"/> can be asked for.</summary>
    public const int BufferBytes = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Bytes received and not consumed yet; valid until the next call.</summary>
    public ReadOnlySpan<byte> Buffered => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Drops bytes from the front of <see cref="Buffered"/>.</summary>
    public void Consume(int count) => _start += count;

    /// <summary>Waits until at least <paramref name="count"/> bytes are buffered.</summary>
    /// <returns>False when the peer closed the connection between two messages, with nothing buffered.</returns>
    /// <exception cref="EndOfStreamException">The peer closed the connection within a message.</exception>
    public ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken) =>
        _end - _start >= count ? ValueTask.FromResult(true) : FillSlowAsync(count, cancellationToken);

    /// <summary>Fills the whole target, from the buffer first.</summary>
    public async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        int buffered = Math.Min(target.Length, _end - _start);
        _buffer.AsSpan(_start, buffered).CopyTo(target.Span);
        _start += buffered;
        target = target[buffered..];
        while (target.Length > 0)
        {
            int count = await socket.ReceiveAsync(target, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            target = count > 0 ? target[count..] : throw new EndOfStreamException("The NBD peer closed the connection within a payload.");
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
        if (_start > 0)
        {
            Buffered.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        while (_end < count)
        {
            int received = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (received == 0)
            {
                return _end == 0 ? false : throw new EndOfStreamException("The NBD peer closed the connection within a message.");
            }

            _end += received;
        }

        return true;
    }
}
