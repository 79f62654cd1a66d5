using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Machines;

/// <summary>Any second of a machine's continuous stream, as its policy allows: shown when asked for, made a recovery point when a failover asks for it.</summary>
public sealed class PointsInTime(PointInTimeFinder finder, IPolicyStore policies)
{
    /// <summary>What would be taken for a time; nothing is stored.</summary>
    public async Task<AsrRecoveryPoint> FindAsync(AsrReplicatedMachine machine, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (machine.PolicyName is null)
        {
            throw new AsrException(
                AsrErrorCode.PointInTimeUnavailable, $"Machine '{machine.Name}' is not protected, so no second of it is in the vault.", "Enable replication first.", machine.Name);
        }
        AsrReplicationPolicy policy = await policies.GetAsync(machine.PolicyName, cancellationToken);
        return await finder.FindAsync(machine, at, policy.ContinuousWindow, cancellationToken);
    }

    /// <summary>The same as a published recovery point.</summary>
    public async Task<AsrRecoveryPoint> PublishAsync(AsrReplicatedMachine machine, DateTimeOffset at, CancellationToken cancellationToken) =>
        await finder.PublishAsync(await FindAsync(machine, at, cancellationToken), cancellationToken);

    /// <summary>The request with a published recovery point for the time it names.</summary>
    public async Task<OperationRequest> ResolveAsync(AsrReplicatedMachine machine, OperationRequest request, CancellationToken cancellationToken) =>
        request with { RecoveryPointId = (await PublishAsync(machine, request.PointInTime!.Value, cancellationToken)).Id };
}
