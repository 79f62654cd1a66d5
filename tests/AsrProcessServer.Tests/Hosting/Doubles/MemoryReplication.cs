using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Process;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>A sink that keeps what it is sent, and a source that answers with a pattern of the place asked for.</summary>
internal sealed class MemoryReplication : IReplicationSink, IReplicaSource, IRecoveryPointLog, IDiskOwners
{
    public ConcurrentDictionary<Guid, Guid> Owners { get; } = new();

    public ConcurrentQueue<byte[]> Batches { get; } = new();

    public ConcurrentDictionary<Guid, AsrRecoveryPoint> Points { get; } = new();

    public static byte PatternAt(long offset) => (byte)(offset * 31);

    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken)
    {
        Owners.TryAdd(diskId, request.MachineId);
        return Task.FromResult(new ReplicationSession { Epoch = 1, NextSequence = 1 });
    }

    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        Batches.Enqueue(batch.ToArray());
        return Task.FromResult(new ShipReceipt { ReceivedSequence = Batches.Count, VaultSequence = Batches.Count });
    }

    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) => epoch == 1
        ? Task.FromResult(new ShipReceipt { ReceivedSequence = Batches.Count })
        : throw new AsrException(AsrErrorCode.SessionLost, $"Epoch {epoch} is not the current one.");

    public Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => Task.FromResult(Points.GetOrAdd(point.Id, point));

    public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new byte[request.Count * ReplicationLimits.DigestBytes]);

    public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer.Span[i] = PatternAt(offset + i);
        }

        return Task.CompletedTask;
    }

    public ValueTask<Guid?> FindAsync(Guid diskId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Owners.TryGetValue(diskId, out Guid machineId) ? machineId : (Guid?)null);

    public Task<AsrRecoveryPoint> PublishAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => PublishPointAsync(point, cancellationToken);

    public Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, CancellationToken cancellationToken) =>
        ListAsync(machineId, countMax, null, cancellationToken);

    public Task<IReadOnlyList<AsrRecoveryPoint>> ListAsync(Guid machineId, int countMax, DateTimeOffset? until, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<AsrRecoveryPoint>>(
            Points.Values.Where(point => point.MachineId == machineId && !(point.Time > until)).OrderByDescending(point => point.Time).Take(countMax).ToList());

    public Task<AsrRecoveryPoint?> FindAsync(Guid machineId, Guid pointId, CancellationToken cancellationToken) => Task.FromResult(Points.GetValueOrDefault(pointId));

    public Task<AsrRecoveryPoint> ChangeAsync(Guid machineId, Guid pointId, RecoveryPointChange change, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint point = Points.GetValueOrDefault(pointId) ?? throw new AsrException(AsrErrorCode.NotFound, $"No point {pointId}.");
        return Task.FromResult(Points[pointId] = point with { Pinned = change.Pinned ?? point.Pinned, Name = change.Name ?? point.Name });
    }

    public Task MarkAsync(Guid machineId, Guid pointId, Func<AsrRecoveryPoint, AsrRecoveryPoint> mark, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<PointRemoval>> ThinAsync(Guid machineId, IReadOnlyList<RetentionTier> tiers, IReadOnlyCollection<Guid> inUse, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<DateTimeOffset?> DeleteAllAsync(Guid machineId, CancellationToken cancellationToken) => throw new NotSupportedException();
}
