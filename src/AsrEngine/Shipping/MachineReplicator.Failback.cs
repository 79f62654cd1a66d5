using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Bringing the disks to a recovery point.</content>
public sealed partial class MachineReplicator
{
    private Guid? _failbackPointDone;
    private volatile FailbackProgress? _failback;

    private async Task BringBackAsync(AgentAssignment assignment, CancellationToken cancellationToken)
    {
        if (assignment.FailbackPointId is not { } pointId)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, "The assignment to fail back names no recovery point.", "Start the failback again.");
        }

        if (_failbackPointDone == pointId)
        {
            return;
        }

        // A failback without one of its disks would later take that disk's old content for the machine's.
        RequireAllOffered(assignment);
        _failbackPointDone = null;
        DiskCapture[] disks = [.. _disks.Where(disk => assignment.DiskIds.Contains(disk.Id))];
        FailbackProgress progress = new(disks.Sum(disk => disk.Length));
        _failback = progress;

        // Of all of them before the first is touched: a machine with one disk of now and one of then is no machine either.
        foreach (DiskCapture disk in disks)
        {
            disk.Activity.SetBeingRestored(true);
        }

        // One disk after another: each keeps several requests in flight, and their content lies on the same link and vault.
        foreach (DiskCapture disk in disks)
        {
            ReplicaApplier applier = new(disk.Id, disk.Source, _replica, progress);
            disk.Ledger.MakeAllPending();
            await applier.ApplyAsync(pointId, cancellationToken).ConfigureAwait(false);

            // Only with the point's position known may the log vouch for the disk; else the next session compares it, which moves nothing.
            if (assignment.Bases?.FirstOrDefault(candidate => candidate.DiskId == disk.Id) is { } position)
            {
                disk.Activity.SetPosition(position.Position);
                disk.ForgetWritten();
                disk.Ledger.MakeNonePending();
            }
        }

        foreach (DiskCapture disk in disks)
        {
            disk.Activity.SetBeingRestored(false);
        }

        _failbackPointDone = pointId;
    }
}
