using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Peers;

/// <summary><c>qemu-nbd</c> on a qcow2 image compressed with zstd.</summary>
internal sealed class QcowPeer : IAsyncDisposable
{
    /// <summary>The server's command.</summary>
    public const string Command = "qemu-img convert -c -O qcow2 -o compression_type=zstd disk.img FILE; qemu-nbd -r -t -f qcow2 -k SOCKET FILE; nbdcopy URI null:";

    private readonly ServerProcess _process;

    private QcowPeer(ServerProcess process, string uri)
    {
        _process = process;
        Uri = uri;
    }

    /// <summary>Its export.</summary>
    public string Uri { get; }

    /// <summary>Makes the compressed image.</summary>
    public static Task ConvertAsync(string image, string file, CancellationToken cancellationToken) =>
        Shell.RunAsync($"qemu-img convert -c -O qcow2 -o compression_type=zstd -W -m 8 {image} {file} && sync {file}", cancellationToken);

    /// <summary>Serves it.</summary>
    public static async Task<QcowPeer> StartAsync(string file, string socket, CancellationToken cancellationToken)
    {
        ServerProcess process = ServerProcess.Start("qemu-nbd", ["-r", "-t", "-e", "8", "-f", "qcow2", "-k", socket, file]);
        await process.WaitForSocketAsync(socket, cancellationToken);
        return new QcowPeer(process, $"nbd+unix:///?socket={socket}");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
