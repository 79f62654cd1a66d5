using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Asr.Engine.Nbd;

/// <summary>
/// Serves disks over NBD (fixed newstyle, structured replies, base:allocation) on a Unix socket, TCP, or both. Exports come and go while it runs.
/// Thread-safe. Disposing it stops listening, finishes the requests in flight and closes every connection; the devices stay open.
/// </summary>
public sealed class NbdServer : IAsyncDisposable
{
    private readonly NbdServerOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, NbdConnection> _connections = new();
    private readonly List<Socket> _listeners = [];
    private readonly List<Task> _acceptLoops = [];
    private readonly Lock _exportGate = new();
    private NbdExport[] _exports = [];
    private long _lastConnection;
    private IPEndPoint? _tcpEndPoint;
    private bool _isDisposed;

    /// <summary>Creates a server that does not listen yet.</summary>
    public NbdServer(NbdServerOptions options, ILogger<NbdServer>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _logger = logger ?? NullLogger<NbdServer>.Instance;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>The exports, in the order they were added.</summary>
    public IReadOnlyList<NbdExport> Exports => Volatile.Read(ref _exports);

    /// <summary>Starts to listen. Call once.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.InUse"/> when an address is taken.</exception>
    public void Start()
    {
        if (_options.TcpEndPoint is { } address)
        {
            Socket socket = Listen(address, address.ToString());
            socket.NoDelay = true;
            _tcpEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        }

        if (_options.SocketPath is { } path)
        {
            RemoveStaleSocket(path);
            Listen(new UnixDomainSocketEndPoint(path), path);
        }
    }

    /// <summary>Offers a disk to new clients.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.AlreadyExists"/> when the name is taken.</exception>
    public void AddExport(NbdExport export)
    {
        ArgumentNullException.ThrowIfNull(export);
        lock (_exportGate)
        {
            if (_exports.Any(other => other.Name == export.Name))
            {
                throw new AsrException(AsrErrorCode.AlreadyExists, $"The NBD export '{export.Name}' exists already.", "Choose another name.", export.Name);
            }

            Volatile.Write(ref _exports, [.. _exports, export]);
        }
    }

    /// <summary>
    /// Withdraws a disk, disconnects its clients and waits until their requests in flight are done; then nothing here uses the device any more.
    /// </summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.NbdExportUnknown"/>.</exception>
    public async Task RemoveExportAsync(string name, CancellationToken cancellationToken)
    {
        NbdExport export;
        lock (_exportGate)
        {
            export = _exports.FirstOrDefault(other => other.Name == name)
                ?? throw new AsrException(AsrErrorCode.NbdExportUnknown, $"There is no NBD export '{name}'.", "List the exports.", name);
            Volatile.Write(ref _exports, [.. _exports.Where(other => other != export)]);
        }

        // A connection in its handshake may have found the export just before; it is stopped too and may come again.
        NbdConnection[] users = [.. _connections.Values.Where(connection => connection.Export is null || connection.Export == export)];
        await Task.WhenAll(users.Select(user => user.StopAsync())).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The NBD URIs of an export, one per address; the Unix socket last.</summary>
    public IReadOnlyList<NbdUri> GetUris(string exportName)
    {
        List<NbdUri> uris = [];
        if (_tcpEndPoint is { } tcp)
        {
            uris.Add(NbdUri.Tcp(tcp.Address.ToString(), tcp.Port, exportName));
        }

        if (_options.SocketPath is { } path)
        {
            uris.Add(NbdUri.Unix(path, exportName));
        }

        return uris;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (Socket listener in _listeners)
        {
            listener.Dispose();
        }

        await Task.WhenAll(_acceptLoops).ConfigureAwait(false);
        await Task.WhenAll(_connections.Values.Select(connection => connection.StopAsync())).ConfigureAwait(false);
        if (_options.SocketPath is { } path)
        {
            File.Delete(path);
        }

        _stop.Dispose();
    }

    private Socket Listen(EndPoint address, string name)
    {
        Socket socket = new(address.AddressFamily, SocketType.Stream, address is UnixDomainSocketEndPoint ? ProtocolType.IP : ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            if (_options.SocketPath is { } path && address is UnixDomainSocketEndPoint && !OperatingSystem.IsWindows())
            {
                // Before Listen: until then nobody can connect.
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            socket.Listen();
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new AsrException(AsrErrorCode.InUse, $"The NBD server cannot listen on '{name}': {error.Message}", "Choose another address.", name, error);
        }

        _listeners.Add(socket);
        _acceptLoops.Add(AcceptAsync(socket));
        NbdLog.Listening(_logger, name);
        return socket;
    }

    private static void RemoveStaleSocket(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.IP);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // A socket whose server is gone; anything else at this path makes the bind fail and be reported.
            File.Delete(path);
        }
        catch (SocketException)
        {
            // Left to the bind to report.
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                Begin(socket);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException error)
            {
                // Out of descriptors, for example: wait a little instead of spinning.
                NbdLog.AcceptFailed(_logger, error.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private void Begin(Socket socket)
    {
        if (_connections.Count >= _options.ConnectionsMax)
        {
            NbdLog.ConnectionRefused(_logger, _options.ConnectionsMax);
            socket.Dispose();
            return;
        }

        if (socket.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        }

        long id = Interlocked.Increment(ref _lastConnection);
        NbdConnection connection = new(socket, id, () => Exports, _options, _time, _logger);
        TaskCompletionSource start = new(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Completion = ServeAsync(connection, id, start.Task);
        _connections[id] = connection;
        start.SetResult();
    }

    private async Task ServeAsync(NbdConnection connection, long id, Task start)
    {
        // Registered first, so that a quick end cannot come before it.
        await start.ConfigureAwait(false);
        await connection.RunAsync().ConfigureAwait(false);
        _connections.TryRemove(id, out _);
    }
}
