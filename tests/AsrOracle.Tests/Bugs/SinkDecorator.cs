using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>Passes everything on.</summary>
internal class SinkDecorator(IReplicationSink inner) : IReplicationSink
{
    protected IReplicationSink Inner => inner;

    public virtual Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        inner.OpenSessionAsync(diskId, request, cancellationToken);

    public virtual Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        inner.ShipAsync(diskId, batch, cancellationToken);

    public virtual Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) =>
        inner.GetProgressAsync(diskId, epoch, cancellationToken);

    public virtual Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) =>
        inner.PublishPointAsync(point, cancellationToken);
}
