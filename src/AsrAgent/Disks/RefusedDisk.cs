using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>A disk that cannot be served, and why; the others are.</summary>
/// <param name="Option">How it was named on the command line.</param>
/// <param name="Entry">The disk.</param>
/// <param name="Error">Why.</param>
internal sealed record RefusedDisk(DiskOption Option, DiskEntry Entry, AsrError Error)
{
    /// <summary>The disk as it is reported.</summary>
    public AsrDisk Describe() => new() { Id = Entry.Id, Name = Entry.Name, SizeBytes = Entry.SizeBytes, Error = Error };
}
