using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>Finds disks of a recovery point by the names that a person gives.</summary>
internal static class PointDisks
{
    /// <summary>The ids of the disks named, or null for all when none is named.</summary>
    public static IReadOnlyList<Guid>? Find(AsrRecoveryPoint point, string[]? names) =>
        names?.Select(name => Find(point, name)).Distinct().ToList();

    private static Guid Find(AsrRecoveryPoint point, string name)
    {
        RecoveryPointDisk? disk = point.Disks.FirstOrDefault(disk =>
            disk.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || (Guid.TryParse(name, out Guid id) && disk.DiskId == id));
        return disk?.DiskId ?? throw new AsrException(
            AsrErrorCode.NotFound,
            $"The recovery point of '{point.MachineName}' has no disk '{name}'; it has: {string.Join(", ", point.Disks.Select(known => known.Name))}.",
            "Give the name or id of one of its disks.",
            name);
    }
}
