using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Agent.Appliance;

/// <summary>The process server as the agent sees it: the replication contract over the data port. Safe for concurrent callers. Owns its connections.</summary>
internal sealed class HttpReplication(Uri dataEndpoint, ApplianceTrust trust, AgentCredentials credentials, TimeProvider time) : IReplicationSink, IReplicaSource, IDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A batch or point is answered once everything before it is durable, which a slow vault may delay.</summary>
    private static readonly TimeSpan DurableTimeout = TimeSpan.FromSeconds(100);

    private readonly ApplianceHttp _http = new(dataEndpoint, ApplianceHandler.Create(trust, credentials), time);
    private AsrRecoveryPoint? _lastPoint;

    /// <summary>The last point published by this object, or null.</summary>
    public AsrRecoveryPoint? LastPoint => Volatile.Read(ref _lastPoint);

    /// <inheritdoc/>
    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        _http.PostJsonAsync<ReplicationSession>(Route(AsrRoutes.DiskSessions, diskId), request, AnswerTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        _http.PostRawAsync<ShipReceipt>(Route(AsrRoutes.DiskBatches, diskId), batch, DurableTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) =>
        _http.GetJsonAsync<ShipReceipt>(
            string.Create(CultureInfo.InvariantCulture, $"{Route(AsrRoutes.DiskProgress, diskId)}?epoch={epoch}"), AnswerTimeout, cancellationToken);

    /// <inheritdoc/>
    public async Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint published = await _http.PostJsonAsync<AsrRecoveryPoint>(
            AsrRoutes.PublishPoint, new PublishPointRequest { Point = point }, DurableTimeout, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _lastPoint, published);
        return published;
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken)
    {
        byte[] digests = await _http.PostJsonAsync(Route(AsrRoutes.DiskDigests, diskId), request, DurableTimeout, cancellationToken).ConfigureAwait(false);
        return digests.Length % ReplicationLimits.DigestBytes == 0 && digests.Length <= (long)request.Count * ReplicationLimits.DigestBytes
            ? digests
            : throw ApplianceErrors.Malformed(_http.Endpoint, $"{digests.Length} bytes of hashes for {request.Count} regions");
    }

    /// <inheritdoc/>
    public async Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        string route = Route(AsrRoutes.DiskPointData, diskId).Replace("{pointId}", recoveryPointId.ToString("D"), StringComparison.Ordinal);
        while (!buffer.IsEmpty)
        {
            int length = Math.Min(buffer.Length, ReplicationLimits.PointReadBytesMax);
            string piece = string.Create(CultureInfo.InvariantCulture, $"{route}?offset={offset}&length={length}");
            await _http.ReadExactlyAsync(piece, buffer[..length], DurableTimeout, cancellationToken).ConfigureAwait(false);
            buffer = buffer[length..];
            offset += length;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Route(string template, Guid diskId) => template.Replace("{diskId}", diskId.ToString("D"), StringComparison.Ordinal);
}
