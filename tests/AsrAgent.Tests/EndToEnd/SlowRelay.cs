using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>A relay that makes a way longer: what goes through it arrives so much later, in either direction.</summary>
internal sealed class SlowRelay : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint _target;
    private readonly TimeSpan _delay;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _work = [];

    /// <summary>Listens at a free port of an address.</summary>
    public SlowRelay(IPAddress address, IPEndPoint target, TimeSpan delay)
    {
        _target = target;
        _delay = delay;
        _listener = new TcpListener(address, 0);
        _listener.Start();
        _work.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_work);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient near = await _listener.AcceptTcpClientAsync(_stop.Token);
                _work.Add(RelayAsync(near));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(TcpClient near)
    {
        using TcpClient far = new() { NoDelay = true };
        using (near)
        {
            try
            {
                near.NoDelay = true;
                await far.ConnectAsync(_target, _stop.Token);
                await Task.WhenAny(PumpAsync(near.GetStream(), far.GetStream()), PumpAsync(far.GetStream(), near.GetStream()));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // The other side is gone; so is this one then.
            }
        }
    }

    // Each piece waits by itself, so that the way is longer and not narrower.
    private async Task PumpAsync(NetworkStream from, NetworkStream to)
    {
        Task sent = Task.CompletedTask;
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (await from.ReadAsync(buffer, _stop.Token) is > 0 and int count)
            {
                sent = SendAsync(to, buffer[..count], sent, Task.Delay(_delay, _stop.Token));
            }

            await sent;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // One side is gone.
        }
    }

    private static async Task SendAsync(NetworkStream to, byte[] piece, Task before, Task delay)
    {
        await Task.WhenAll(before, delay);
        await to.WriteAsync(piece);
    }
}
