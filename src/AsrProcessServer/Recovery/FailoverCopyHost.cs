using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Recovery;

/// <summary>
/// <see cref="IExportHost"/> over one NBD server: a Unix socket in the work folder, open to its owner only, or a loopback port
/// where the path is too long for a socket. Listens from the first export on.
/// </summary>
public sealed class FailoverCopyHost : IExportHost, IAsyncDisposable
{
    // sun_path holds 108 bytes with the terminating zero.
    private const int SocketPathBytesMax = 107;

    private readonly NbdServer _server;
    private readonly Lock _lock = new();
    private readonly string? _socketPath;
    private bool _isStarted;

    /// <summary>Makes a host that does not listen yet.</summary>
    public FailoverCopyHost(RecoveryFolders folders, TimeProvider time, ILogger<NbdServer> logger)
    {
        bool fits = Encoding.UTF8.GetByteCount(folders.ExportSocket) <= SocketPathBytesMax;
        _socketPath = fits ? folders.ExportSocket : null;
        _server = new NbdServer(
            new NbdServerOptions { SocketPath = _socketPath, TcpEndPoint = fits ? null : new IPEndPoint(IPAddress.Loopback, 0) }, logger, time);
    }

    /// <inheritdoc />
    public Task<string> AddAsync(string name, IBlockDevice device, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_isStarted)
            {
                if (_socketPath is not null)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(_socketPath)!);
                }
                _server.Start();
                _isStarted = true;
            }
        }
        // An overlay, or its capture: one object for all connections, whose flush covers the writes of each.
        _server.AddExport(new NbdExport(name, device) { IsMultiConnectionSafe = true });
        return Task.FromResult(FindUri(name)!);
    }

    /// <inheritdoc />
    public Task RemoveAsync(string name) => IsServed(name) ? _server.RemoveExportAsync(name, CancellationToken.None) : Task.CompletedTask;

    /// <inheritdoc />
    public string? FindUri(string name) => IsServed(name) ? _server.GetUris(name)[0].ToString() : null;

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private bool IsServed(string name) => _server.Exports.Any(export => export.Name == name);
}
