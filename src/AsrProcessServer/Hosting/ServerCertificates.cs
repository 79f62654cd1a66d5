using System;
using System.Collections.Generic;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Hosting;

/// <summary>
/// The certificate this process shows. It lives in memory only and is made anew when a third of its life is left, so an appliance may run for years.
/// Safe for concurrent callers.
/// </summary>
internal sealed class ServerCertificates(CertificateIssuer issuer, ApplianceOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private X509Certificate2? _current;
    private DateTimeOffset _renewAt;

    /// <summary>The certificate for a new connection.</summary>
    public X509Certificate2 Current()
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_current is null || now >= _renewAt)
            {
                // The old one is left to the garbage collector: handshakes that took it may still run.
                _current = issuer.IssueServer(Names(), Addresses());
                _renewAt = now + (CertificateIssuer.ServerLife * (2.0 / 3.0));
            }

            return _current;
        }
    }

    private static HashSet<string> Names() => new(StringComparer.OrdinalIgnoreCase) { Dns.GetHostName(), "localhost" };

    private HashSet<IPAddress> Addresses()
    {
        HashSet<IPAddress> addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback];
        if (!options.ListenAddress.Equals(IPAddress.Any) && !options.ListenAddress.Equals(IPAddress.IPv6Any))
        {
            addresses.Add(options.ListenAddress);
            return addresses;
        }

        foreach (NetworkInterface network in NetworkInterface.GetAllNetworkInterfaces())
        {
            foreach (UnicastIPAddressInformation unicast in network.GetIPProperties().UnicastAddresses)
            {
                if (unicast.Address.AddressFamily == AddressFamily.InterNetwork || !unicast.Address.IsIPv6LinkLocal)
                {
                    addresses.Add(unicast.Address);
                }
            }
        }

        return addresses;
    }
}
