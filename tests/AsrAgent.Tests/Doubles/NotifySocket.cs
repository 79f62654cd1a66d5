using System;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Agent.Tests.Doubles;

/// <summary>The service manager's end of sd_notify: a datagram socket at a path, or with '@' at an abstract address.</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public NotifySocket(string address)
    {
        Address = address;
        _socket.Bind(new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address));
    }

    public string Address { get; }

    /// <summary>Everything received so far, in order.</summary>
    public List<string> Messages { get; } = [];

    /// <summary>Waits for the next message that begins so.</summary>
    public async Task<string> UntilAsync(string prefix, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            int count = await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            string message = Encoding.UTF8.GetString(buffer, 0, count);
            Messages.Add(message);
            if (message.StartsWith(prefix, StringComparison.Ordinal))
            {
                return message;
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
