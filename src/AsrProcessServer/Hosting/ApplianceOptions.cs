using System.Net;

namespace Asr.ProcessServer.Hosting;

/// <summary>How one appliance process is set up.</summary>
public sealed record ApplianceOptions
{
    /// <summary>Default of <see cref="ControlPort"/>.</summary>
    public const int ControlPortDefault = 443;

    /// <summary>Default of <see cref="DataPort"/>.</summary>
    public const int DataPortDefault = 9443;

    /// <summary>Folder for the lock, logs, spool and failover copies. Only one appliance at a time uses it.</summary>
    public required string WorkFolder { get; init; }

    /// <summary>Address both ports listen on.</summary>
    public IPAddress ListenAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Port for the module and for agents' control; 0 for any free one.</summary>
    public int ControlPort { get; init; } = ControlPortDefault;

    /// <summary>Port for replication data; 0 for any free one.</summary>
    public int DataPort { get; init; } = DataPortDefault;
}
