using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault.Compaction;

namespace Asr.Engine.Vault.Scrub;

/// <summary>Tells what it means that a document is damaged, missing or an old one: whether points can be opened without it is tried out.</summary>
internal sealed class DocumentFindings(ICatalog catalog, Func<Guid, StreamPosition, CancellationToken, Task<IBlockDevice>> open, TimeProvider time)
{
    private readonly ScrubPoints _points = new(catalog);

    /// <summary>The finding, with the points that the document keeps from being opened.</summary>
    public async Task<AsrVaultFinding> DescribeAsync(DocumentName name, VaultProblem problem, string message, string? action, CancellationToken cancellationToken)
    {
        Guid? machineId = ScrubPoints.MachineOf(name.Collection);
        Guid? diskId = null;
        List<AsrAffectedPoint> affected = [];
        if (machineId is { } machine)
        {
            if (ScrubPoints.FromName(machine, name.Id) is { } point)
            {
                affected.Add(point);
            }
        }
        else if (name.Collection is DiskDocuments.Collection or DiskHistories.Collection && Guid.TryParseExact(name.Id, "D", out Guid disk))
        {
            diskId = disk;
            IReadOnlyList<Guid> machines = await _points.MachinesAsync(cancellationToken).ConfigureAwait(false);
            foreach ((AsrRecoveryPoint point, StreamPosition position) in await _points.OfDiskAsync(disk, machines, cancellationToken).ConfigureAwait(false))
            {
                machineId ??= point.MachineId;
                if (!await CanBeOpenedAsync(disk, position, cancellationToken).ConfigureAwait(false))
                {
                    affected.Add(ScrubPoints.Name(point));
                }
            }
        }

        return new AsrVaultFinding
        {
            Object = $"{name.Collection}/{name.Id}",
            Kind = VaultObjectKind.Document,
            Problem = problem,
            Message = message,
            Action = action,
            FoundAt = time.GetUtcNow(),
            DiskId = diskId,
            MachineId = machineId,
            AffectedPoints = [.. affected.Take(ScrubState.PointsMax)],
            AffectedPointCount = affected.Count,
            AffectsHead = name.Collection == DiskDocuments.Collection,
        };
    }

    /// <summary>Whether the documents that opening needs allow it; what is wrong with objects is told of the objects.</summary>
    private async Task<bool> CanBeOpenedAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken)
    {
        try
        {
            await using IBlockDevice image = await open(diskId, position, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AsrException refused)
        {
            return refused.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing;
        }
    }
}
