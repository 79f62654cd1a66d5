using System;
using System.Globalization;
using System.Net;
using System.Threading.Tasks;
using Asr.Tests.Shared;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>The network of one machine: a namespace whose only way out is a link to the test's host, which can be cut. Needs root.</summary>
internal sealed class MachineNetwork : IAsyncDisposable
{
    private readonly string _name;
    private readonly string _hostEnd;

    private MachineNetwork(string name, string hostEnd, IPAddress host)
    {
        _name = name;
        _hostEnd = hostEnd;
        HostAddress = host;
    }

    /// <summary>The host as the machine sees it.</summary>
    public IPAddress HostAddress { get; }

    /// <summary>What runs a program in the namespace, to be put before it. Nothing but the network differs: disks and mounts are the host's.</summary>
    public string[] Entry => ["nsenter", $"--net=/run/netns/{_name}"];

    /// <summary>Makes the network.</summary>
    /// <param name="machine">1 to 60, of which two networks must not have the same.</param>
    public static async Task<MachineNetwork> CreateAsync(int machine)
    {
        RealTools.RequireRoot();
        RealTools.Require("ip", "nsenter");
        string id = Guid.NewGuid().ToString("N")[..8];
        (string name, string hostEnd, string machineEnd) = ($"asr-{id}", $"asrh{id}", $"asrm{id}");
        string network = string.Create(CultureInfo.InvariantCulture, $"10.213.{Random.Shared.Next(256)}");
        string host = string.Create(CultureInfo.InvariantCulture, $"{network}.{(machine * 4) + 1}");
        string own = string.Create(CultureInfo.InvariantCulture, $"{network}.{(machine * 4) + 2}");
        await RealTools.CheckAsync("ip", "netns", "add", name);
        MachineNetwork made = new(name, hostEnd, IPAddress.Parse(host));
        try
        {
            await RealTools.CheckAsync("ip", "link", "add", hostEnd, "type", "veth", "peer", "name", machineEnd, "netns", name);
            await RealTools.CheckAsync("ip", "address", "add", host + "/30", "dev", hostEnd);
            await RealTools.CheckAsync("ip", "link", "set", hostEnd, "up");
            await RealTools.CheckAsync("ip", "-n", name, "address", "add", own + "/30", "dev", machineEnd);
            await RealTools.CheckAsync("ip", "-n", name, "link", "set", "lo", "up");
            await RealTools.CheckAsync("ip", "-n", name, "link", "set", machineEnd, "up");
            await RealTools.CheckAsync("ip", "-n", name, "route", "add", "default", "via", host);
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Cuts the link: nothing arrives any more and no one is told.</summary>
    public Task CutAsync() => RealTools.CheckAsync("ip", "link", "set", _hostEnd, "down");

    /// <summary>Mends it.</summary>
    public Task MendAsync() => RealTools.CheckAsync("ip", "link", "set", _hostEnd, "up");

    public async ValueTask DisposeAsync()
    {
        // The link goes with its namespace.
        await RealTools.CheckAsync("ip", "netns", "delete", _name);
    }
}
