using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>A bug in what a recovery point says.</summary>
internal abstract class PointBug : PlantedBug
{
    public sealed override IReplicationSink Sink(IReplicationSink sink) => new Altering(sink, this);

    protected abstract AsrRecoveryPoint Alter(AsrRecoveryPoint point);

    private sealed class Altering(IReplicationSink inner, PointBug bug) : SinkDecorator(inner)
    {
        public override Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) =>
            Inner.PublishPointAsync(bug.Alter(point), cancellationToken);
    }
}

/// <summary>Claims to be ten seconds younger than it is.</summary>
internal sealed class ClaimsALaterTime : PointBug
{
    protected override AsrRecoveryPoint Alter(AsrRecoveryPoint point) => point with { Time = point.Time.AddSeconds(10) };
}

/// <summary>The disks of the machine are taken at different instants.</summary>
internal sealed class TakesDisksAtDifferentInstants : PointBug
{
    protected override AsrRecoveryPoint Alter(AsrRecoveryPoint point) => point with
    {
        Disks = point.Disks.Select((disk, i) => i == 0 ? disk : disk with { Sequence = Math.Max(1, disk.Sequence - 25) }).ToArray(),
    };
}

/// <summary>The last changes before the point are not in it.</summary>
internal sealed class ForgetsTheLastChanges : PointBug
{
    protected override AsrRecoveryPoint Alter(AsrRecoveryPoint point) => point with
    {
        Disks = point.Disks.Select(disk => disk with { Sequence = Math.Max(1, disk.Sequence - 10) }).ToArray(),
    };
}

/// <summary>The point names another disk's position.</summary>
internal sealed class SwapsTheDisks : PointBug
{
    protected override AsrRecoveryPoint Alter(AsrRecoveryPoint point) => point with
    {
        Disks = point.Disks.Select((disk, i) => disk with { DiskId = point.Disks[(i + 1) % point.Disks.Count].DiskId }).ToArray(),
    };
}
