using System;
using System.Net;

namespace Asr.Engine.Nbd;

/// <summary>Where an <see cref="NbdServer"/> listens, and its bounds.</summary>
public sealed record NbdServerOptions
{
    /// <summary>Path of a Unix socket to create, open to its owner only; null for none. A stale one is replaced.</summary>
    public string? SocketPath { get; init; }

    /// <summary>TCP address and port; null for none. Port 0 takes a free one. NBD here has no TLS: leave it on loopback unless the network is private.</summary>
    public IPEndPoint? TcpEndPoint { get; init; }

    /// <summary>Connections served at once; more are closed at once. Default 128.</summary>
    public int ConnectionsMax { get; init; } = 128;

    /// <summary>Requests of one connection in flight. Default 64.</summary>
    public int RequestsInFlightMax { get; init; } = 64;

    /// <summary>
    /// Bytes of payload in flight per connection. Default 64 MiB. One request may exceed it when it is alone, so memory per connection is bounded
    /// by this and 32 MiB, and 128 KiB more for each small write that a device does not end at once.
    /// </summary>
    public long BytesInFlightMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>Time for the whole handshake. Default 10 seconds.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long an ending connection waits for its requests in flight before it cancels them, so that they are answered with ESHUTDOWN, and then
    /// for the client to take the answers. Default 2 seconds.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
