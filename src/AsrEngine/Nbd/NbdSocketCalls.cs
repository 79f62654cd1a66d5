using System;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asr.Engine.Nbd;

/// <summary>What the blocking socket of a connection needs beyond <see cref="Socket"/>, on Linux.</summary>
internal static partial class NbdSocketCalls
{
    private const int DoNotWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int ErrorInterrupted = 4;
    private const int ErrorAgain = 11;

    /// <summary>Sends some of the data; without <paramref name="canWait"/> only as much as the socket takes at once.</summary>
    /// <returns>Bytes sent; 0 when the socket takes none now; -1 when the connection is lost.</returns>
    public static unsafe int Send(Socket socket, ReadOnlySpan<byte> data, bool canWait)
    {
        fixed (byte* start = data)
        {
            while (true)
            {
                nint count = Send(socket.SafeHandle, start, (nuint)data.Length, NoSignal | (canWait ? 0 : DoNotWait));
                if (count >= 0)
                {
                    return (int)count;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != ErrorInterrupted)
                {
                    return error == ErrorAgain ? 0 : -1;
                }
            }
        }
    }

    /// <summary>Ends both directions, which wakes threads blocked in a call on the socket. The socket stays to be disposed.</summary>
    public static void Interrupt(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It had ended already.
        }
    }

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint Send(SafeHandle socket, byte* data, nuint length, int flags);
}
