using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Ingest;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Harness;

/// <summary>
/// The network: requests are lost on the way there, answers on the way back, requests arrive twice or late. <see cref="Connect"/>
/// points it at a new process server after the old one died; while there is none, nothing arrives.
/// </summary>
internal sealed class UnreliableNetwork(int seed, double faultRate) : IReplicationSink, IReplicaSource
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private volatile VaultReplication? _server;

    /// <summary>Faults happen; off for the calm at the end of a run.</summary>
    public bool Faulty { get; set; } = true;

    public void Connect(VaultReplication? server) => _server = server;

    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        SendAsync(server => server.OpenSessionAsync(diskId, request, cancellationToken), cancellationToken);

    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        SendAsync(server => server.ShipAsync(diskId, batch, cancellationToken), cancellationToken);

    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) =>
        SendAsync(server => server.GetProgressAsync(diskId, epoch, cancellationToken), cancellationToken);

    public Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) =>
        SendAsync(server => server.PublishPointAsync(point, cancellationToken), cancellationToken);

    public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) =>
        SendAsync(server => server.GetDigestsAsync(diskId, request, cancellationToken), cancellationToken);

    public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        SendAsync(
            async server =>
            {
                await server.ReadPointAsync(diskId, recoveryPointId, offset, buffer, cancellationToken);
                return true;
            },
            cancellationToken);

    private async Task<T> SendAsync<T>(Func<VaultReplication, Task<T>> request, CancellationToken cancellationToken)
    {
        (bool loseRequest, bool loseAnswer, bool twice, int delayMs) = Draw();
        if (delayMs > 0)
        {
            await Task.Delay(delayMs, cancellationToken);
        }

        VaultReplication? server = _server;
        if (server is null || loseRequest)
        {
            throw Unreachable("the request was lost");
        }

        if (twice)
        {
            // The copy overtakes or follows; its outcome reaches no one, but it must do no harm.
            Task<T> copy = request(server);
            try
            {
                await copy;
            }
            catch (AsrException)
            {
            }
        }

        T answer = await request(server);
        return loseAnswer || server != _server ? throw Unreachable("the answer was lost") : answer;
    }

    private (bool LoseRequest, bool LoseAnswer, bool Twice, int DelayMs) Draw()
    {
        lock (_lock)
        {
            if (!Faulty)
            {
                return default;
            }

            return (
                _random.NextDouble() < faultRate,
                _random.NextDouble() < faultRate,
                _random.NextDouble() < faultRate,
                _random.NextDouble() < faultRate ? _random.Next(1, 20) : 0);
        }
    }

    private static AsrException Unreachable(string why) => new(AsrErrorCode.ApplianceUnreachable, $"In this simulated network {why}.");
}
