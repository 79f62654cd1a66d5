using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Tests.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>A server on a Unix socket with one export named "disk".</summary>
internal sealed class NbdFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly IBlockDevice _device;

    public NbdFixture(IBlockDevice device, Func<IBlockDevice, NbdExport>? describe = null, NbdServerOptions? options = null)
    {
        _device = device;
        Server = new NbdServer((options ?? new NbdServerOptions()) with { SocketPath = SocketPath });
        Server.AddExport(describe?.Invoke(device) ?? new NbdExport("disk", device) { Description = "a test disk", IsZeroFast = true });
        Server.Start();
    }

    public NbdServer Server { get; }

    public string SocketPath => _folder.At("socket");

    public NbdUri Uri => Server.GetUris("disk")[^1];

    public string File(string name) => _folder.At(name);

    public Task<NbdClient> ConnectAsync() => NbdClient.ConnectAsync(Uri, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await _device.DisposeAsync();
        _folder.Dispose();
    }
}
