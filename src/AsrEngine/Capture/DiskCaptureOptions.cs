namespace Asr.Engine.Capture;

/// <summary>Bounds of one disk's capture.</summary>
public sealed record DiskCaptureOptions
{
    /// <summary>
    /// Memory for captured content that has not been batched yet, in bytes; default 64 MiB, at least 4 MiB. When it is full, writes go on and their
    /// regions are read later.
    /// </summary>
    public long QueueBytesMax { get; init; } = 64L << 20;
}
