using System;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Asr.ProcessServer.Hosting;

/// <summary>Where the appliance is reached. Ports are known once the listeners are bound, which is before the first request can come in.</summary>
internal sealed class ApplianceEndpoints
{
    private ListenOptions? _control;
    private ListenOptions? _data;

    /// <summary>Base address of the control port.</summary>
    public string Control => AddressOf(_control);

    /// <summary>Base address of the data port.</summary>
    public string Data => AddressOf(_data);

    /// <summary>Notes a listener; Kestrel puts the port it got into the same object.</summary>
    public void Set(Listener listener, ListenOptions options)
    {
        if (listener == Listener.Control)
        {
            _control = options;
        }
        else
        {
            _data = options;
        }
    }

    private static string AddressOf(ListenOptions? options)
    {
        IPEndPoint endpoint = options?.IPEndPoint ?? throw new InvalidOperationException("The appliance does not listen yet.");
        bool any = endpoint.Address.Equals(IPAddress.Any) || endpoint.Address.Equals(IPAddress.IPv6Any);

        // "Any address" is no address to call; the host's name is the best guess that outlives a change of addresses.
        string host = any ? Dns.GetHostName() : endpoint.Address.ToString();
        return new UriBuilder(Uri.UriSchemeHttps, host, endpoint.Port).Uri.GetLeftPart(UriPartial.Authority);
    }
}
