using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>A disk that should be in service, as things are at one moment.</summary>
/// <param name="Option">How it is opened.</param>
/// <param name="SizeBytes">Size of the machine's disk; null for one that is not watched, such as an image file.</param>
/// <param name="Refusal">Why it must not be opened now, or null.</param>
internal sealed record WantedDisk(DiskOption Option, long? SizeBytes = null, AsrError? Refusal = null);
