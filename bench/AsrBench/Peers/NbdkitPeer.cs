using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Peers;

/// <summary><c>nbdkit file</c> on an image: an NBD server without any replication.</summary>
internal sealed class NbdkitPeer : IAsyncDisposable
{
    /// <summary>The server's command.</summary>
    public const string Command = "nbdkit -f -U SOCKET file disk.img";

    private readonly ServerProcess _process;

    private NbdkitPeer(ServerProcess process, string uri)
    {
        _process = process;
        Uri = uri;
    }

    /// <summary>Its export.</summary>
    public string Uri { get; }

    /// <summary>Serves an image.</summary>
    public static async Task<NbdkitPeer> StartAsync(string image, string socket, CancellationToken cancellationToken)
    {
        ServerProcess process = ServerProcess.Start("nbdkit", ["-f", "-U", socket, "file", image]);
        await process.WaitForSocketAsync(socket, cancellationToken);
        return new NbdkitPeer(process, $"nbd+unix:///?socket={socket}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
