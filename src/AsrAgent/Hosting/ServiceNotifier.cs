using System;
using System.Globalization;
using System.IO;
using System.Net.Sockets;
using System.Text;

namespace Asr.Agent.Hosting;

/// <summary>
/// Tells systemd how the agent is, by the protocol of sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names. Without such a socket every call does nothing. A manager that does not
/// listen must not disturb the agent, so nothing that fails here is passed on. Thread-safe.
/// </summary>
internal sealed class ServiceNotifier : IDisposable
{
    private readonly Socket? _socket;

    /// <summary>Connects as the environment says.</summary>
    /// <param name="environment">Reads a variable; null for this process's own.</param>
    public ServiceNotifier(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        _socket = Connect(environment("NOTIFY_SOCKET"));
        WatchdogInterval = _socket is null ? null : ReadWatchdog(environment);
    }

    /// <summary>How long the manager waits for a sign of life before it kills the agent; null when it does not.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>The agent is in service.</summary>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>The agent has begun to stop.</summary>
    public void Stopping() => Send("STOPPING=1\nSTATUS=stopping");

    /// <summary>The agent is alive.</summary>
    public void Alive(string status) => Send($"WATCHDOG=1\nSTATUS={status}");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private static Socket? Connect(string? address)
    {
        if (string.IsNullOrEmpty(address) || !OperatingSystem.IsLinux())
        {
            return null;
        }

        Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            // '@' stands for the zero byte with which an abstract address begins.
            socket.Connect(new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address));

            // A manager that does not read its messages must not hold the agent up.
            socket.Blocking = false;
            return socket;
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            socket.Dispose();
            return null;
        }
    }

    private static TimeSpan? ReadWatchdog(Func<string, string?> environment)
    {
        // WATCHDOG_PID names the process that is meant: a child that inherited the environment is not.
        string? process = environment("WATCHDOG_PID");
        bool isMeant = string.IsNullOrEmpty(process) || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return isMeant && long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds) && microseconds is > 0 and < long.MaxValue / 10
            ? TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond)
            : null;
    }

    private void Send(string message)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(message));
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException)
        {
            // The next one may arrive; if none does, the manager acts, which is what it is for.
        }
    }
}
