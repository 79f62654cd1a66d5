using System;

namespace Asr.ProcessServer.Recovery;

/// <summary>What an export shows.</summary>
public enum ExportKind
{
    /// <summary>A drill.</summary>
    TestFailover,

    /// <summary>The machine itself, running at the recovery site.</summary>
    Failover,
}

/// <summary>Names of the appliance's NBD exports: the same after every restart, so that clients find their disk again.</summary>
public static class ExportNames
{
    /// <summary>The export of one disk.</summary>
    public static string For(string machineName, ExportKind kind, string diskName) =>
        $"{(kind == ExportKind.TestFailover ? "test" : "failover")}.{machineName}.{diskName}";

    /// <summary>The export of one disk while another program writes it to a file.</summary>
    public static string ForFile(string machineName, Guid jobId, string diskName) => $"file.{machineName}.{diskName}.{jobId.ToString("N")[..8]}";

    /// <summary>The export of one disk of a mount, of which a machine may have several at a time.</summary>
    public static string ForMount(string machineName, Guid mountId, string diskName) => $"mount.{machineName}.{diskName}.{mountId.ToString("N")[..8]}";
}
