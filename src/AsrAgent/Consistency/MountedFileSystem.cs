using System.Collections.Generic;

namespace Asr.Agent.Consistency;

/// <summary>A writable file system that lies on disks in question.</summary>
/// <param name="Device">Its device.</param>
/// <param name="Mounts">Where it is mounted; never empty.</param>
/// <param name="Height">How many file systems it stands on: 0 on a plain disk, 1 in a file on such a one. Freezing writes to what is below, so it goes from the top down.</param>
internal sealed record MountedFileSystem(DeviceNumber Device, IReadOnlyList<MountEntry> Mounts, int Height);
