using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Machines;
using Orleans;

namespace Asr.ProcessServer.MasterTarget;

/// <summary>A sink that tells the machine of every point published through it, as the data port does for agents.</summary>
internal sealed class AnnouncingSink(IReplicationSink inner, IGrainFactory grains) : IReplicationSink
{
    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        inner.OpenSessionAsync(diskId, request, cancellationToken);

    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        inner.ShipAsync(diskId, batch, cancellationToken);

    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) =>
        inner.GetProgressAsync(diskId, epoch, cancellationToken);

    public async Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint published = await inner.PublishPointAsync(point, cancellationToken);
        await grains.GetGrain<IMachineGrain>(published.MachineId).PointPublishedAsync(published);
        return published;
    }
}
