namespace Asr.Agent.Consistency;

/// <summary>One mount as the kernel tells of it.</summary>
/// <param name="Id">Its number, as descriptors below it show it too.</param>
/// <param name="Device">The file system's device: the same for all mounts of one file system.</param>
/// <param name="MountPoint">Where it is.</param>
/// <param name="Type">Kind of file system.</param>
/// <param name="Source">What was mounted: a device's path, or anything.</param>
/// <param name="IsReadOnly">True when the file system itself is read-only, not only this mount of it.</param>
internal sealed record MountEntry(int Id, DeviceNumber Device, string MountPoint, string Type, string Source, bool IsReadOnly);
