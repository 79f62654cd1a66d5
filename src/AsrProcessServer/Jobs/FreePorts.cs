using System.Net;
using System.Net.Sockets;

namespace Asr.ProcessServer.Jobs;

/// <summary>Finds loopback ports for the silo, which cannot choose one by itself.</summary>
internal static class FreePorts
{
    /// <summary>A loopback port that nothing listens on at this moment.</summary>
    public static int Take()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
