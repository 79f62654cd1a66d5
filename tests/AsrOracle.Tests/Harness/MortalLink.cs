using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Harness;

/// <summary>The network as one life of an agent sees it: after <see cref="Kill"/> it neither sends nor hears anything.</summary>
internal sealed class MortalLink(UnreliableNetwork network) : IReplicationSink, IReplicaSource
{
    private volatile bool _dead;

    public void Kill() => _dead = true;

    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        WhileAliveAsync(() => network.OpenSessionAsync(diskId, request, cancellationToken));

    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        WhileAliveAsync(() => network.ShipAsync(diskId, batch, cancellationToken));

    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) =>
        WhileAliveAsync(() => network.GetProgressAsync(diskId, epoch, cancellationToken));

    public Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) =>
        WhileAliveAsync(() => network.PublishPointAsync(point, cancellationToken));

    public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) =>
        WhileAliveAsync(() => network.GetDigestsAsync(diskId, request, cancellationToken));

    public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        WhileAliveAsync(async () =>
        {
            await network.ReadPointAsync(diskId, recoveryPointId, offset, buffer, cancellationToken);
            return true;
        });

    private async Task<T> WhileAliveAsync<T>(Func<Task<T>> request)
    {
        T answer = _dead ? throw Dead() : await request();
        return _dead ? throw Dead() : answer;
    }

    private static AsrException Dead() => new(AsrErrorCode.ApplianceUnreachable, "The agent of this life is dead.");
}
