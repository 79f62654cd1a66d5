namespace Asr.ProcessServer.Process;

/// <summary>Changes that are received and not yet in the vault.</summary>
internal interface ISpool
{
    /// <summary>Bytes waiting.</summary>
    long Bytes { get; }
}
