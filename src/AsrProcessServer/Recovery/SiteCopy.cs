using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.ProcessServer.Recovery;

/// <summary>A machine brought up at the recovery site, with what is needed to bring its exports back after a restart and to remove it without a trace.</summary>
public sealed record SiteCopy
{
    /// <summary>The job that made it; part of the names of its working files.</summary>
    public Guid JobId { get; init; }

    /// <summary>The copy as shown. Export addresses are filled in when it is shown: they belong to the running process.</summary>
    public FailoverCopy Copy { get; init; } = new();

    /// <summary>The position in its stream that each disk was made from.</summary>
    public IReadOnlyList<DiskBase> Bases { get; init; } = [];

    /// <summary>True when the folder did not exist before, so that removing the copy removes it too.</summary>
    public bool FolderCreated { get; init; }

    /// <summary>Describes a copy of a point, without any file yet.</summary>
    /// <param name="id">The job or mount it is for.</param>
    /// <param name="point">The point.</param>
    /// <param name="diskIds">Disks of the point to take; null for all.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.NotFound"/> for a disk that the point does not have.</exception>
    public static SiteCopy Of(Guid id, AsrRecoveryPoint point, IReadOnlyList<Guid>? diskIds = null)
    {
        Guid[] unknown = diskIds?.Except(point.Disks.Select(disk => disk.DiskId)).ToArray() ?? [];
        if (unknown.Length > 0)
        {
            throw new AsrException(
                AsrErrorCode.NotFound, $"The recovery point of {point.Time:u} has no disk {unknown[0]}.", "Show the point to see its disks.", unknown[0].ToString());
        }
        RecoveryPointDisk[] disks = point.Disks.Where(disk => diskIds is null || diskIds.Contains(disk.DiskId)).ToArray();
        return new SiteCopy
        {
            JobId = id,
            Copy = new FailoverCopy
            {
                RecoveryPointId = point.Id,
                RecoveryPointTime = point.Time,
                Disks = disks.Select(disk => new FailoverDisk { DiskId = disk.DiskId, Name = disk.Name, SizeBytes = disk.SizeBytes }).ToArray(),
            },
            Bases = disks.Select(disk => new DiskBase { DiskId = disk.DiskId, Position = new StreamPosition(disk.Epoch, disk.Sequence) }).ToArray(),
        };
    }
}
