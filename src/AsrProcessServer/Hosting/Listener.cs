namespace Asr.ProcessServer.Hosting;

/// <summary>The ports of the appliance.</summary>
internal enum Listener
{
    /// <summary>Management: the module, and what agents report and are told.</summary>
    Control,

    /// <summary>Replication data.</summary>
    Data,
}
