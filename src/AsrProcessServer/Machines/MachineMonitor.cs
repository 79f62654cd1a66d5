using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Upkeep;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// Looks after every machine once a second: health, and instants that wait to be written; and once a minute points and instants that the policy does not keep and
/// copies at the recovery site that are not as they should be. One machine's trouble never keeps it from the others.
/// </summary>
public sealed class MachineMonitor(
    MachineDirectory directory,
    IGrainFactory grains,
    IRecoveryPointLog points,
    IInstantLog instants,
    IPolicyStore policies,
    RecoverySite site,
    PointsInUse pointsInUse,
    JobHistory history,
    VaultHealth vaultHealth,
    GroupService groups,
    TimeProvider time,
    ILogger<MachineMonitor> logger) : BackgroundService
{
    private const int TicksPerCare = 60;

    /// <summary>Between two scheduled verifications of a machine, when the first of them failed or found a difference.</summary>
    private static readonly TimeSpan VerificationRetryDelay = TimeSpan.FromHours(12);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(1), time);
        for (long tick = 1; await timer.WaitForNextTickAsync(stoppingToken); tick++)
        {
            await LookAfterAllAsync(withCare: tick % TicksPerCare == 0, stoppingToken);
        }
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await instants.WriteAsync(all: true, cancellationToken);
        }
        catch (Exception error)
        {
            // A vault out of reach: the last seconds between points are lost, the points are not.
            JobsLog.CareFailed(logger, Guid.Empty, error);
        }
    }

    /// <summary>One round; with care it does what is due once a minute too.</summary>
    internal async Task LookAfterAllAsync(bool withCare, CancellationToken cancellationToken)
    {
        try
        {
            if (withCare)
            {
                await history.TrimAsync(cancellationToken);
            }
            if (withCare || !vaultHealth.IsKnown)
            {
                // At the start, or what was wrong before it would look mended; later because another appliance may have scrubbed.
                await vaultHealth.RefreshAsync(cancellationToken);
            }
            IReadOnlyList<MachineDocument> documents = await directory.ListAsync(cancellationToken);
            await groups.LookAfterAllAsync(documents, cancellationToken);
            foreach (MachineDocument document in documents)
            {
                await LookAfterAsync(document, withCare, cancellationToken);
            }
            await instants.WriteAsync(all: false, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            JobsLog.CareFailed(logger, Guid.Empty, error);
        }
    }

    private async Task LookAfterAsync(MachineDocument document, bool withCare, CancellationToken cancellationToken)
    {
        try
        {
            await grains.GetGrain<IMachineGrain>(document.Id).CheckHealthAsync();
            instants.Note(document.Id, site.TakeInstants(document.Id));
            if (withCare && document.Job is null)
            {
                await VerifyWhenDueAsync(document, cancellationToken);
                await site.ConvergeAsync(document.Id, cancellationToken);
                await ThinPointsAsync(document, cancellationToken);
                await EndKeepingAsync(document);
            }
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            JobsLog.CareFailed(logger, document.Id, error);
        }
    }

    private async Task ThinPointsAsync(MachineDocument document, CancellationToken cancellationToken)
    {
        if (document.PolicyName is null)
        {
            return;
        }
        AsrReplicationPolicy policy = await policies.GetAsync(document.PolicyName, cancellationToken);
        // A drill reads its point in place, and what was written at the recovery site is a branch from the copy's point.
        Guid[] inUse = new[] { document.TestFailover, document.Failover }.OfType<SiteCopy>().Select(copy => copy.Copy.RecoveryPointId)
            .Concat(pointsInUse.Of(document.Id)).ToArray();
        await instants.ExpireAsync(document.Id, time.GetUtcNow() - policy.ContinuousWindow, cancellationToken);
        IReadOnlyList<PointRemoval> removed = await points.ThinAsync(document.Id, policy.RetentionTiers, inUse, cancellationToken);
        if (removed.Count > 0)
        {
            JobsLog.PointsRemoved(
                logger, removed.Count(removal => removal.Reason == RemovalReason.Expired), removed.Count(removal => removal.Reason == RemovalReason.Thinned), document.Id);
        }
    }

    /// <summary>Begins the verification that the policy asks for. One that failed is tried again after a while, and not at once.</summary>
    private async Task VerifyWhenDueAsync(MachineDocument document, CancellationToken cancellationToken)
    {
        if (document is not { State: MachineState.Protected, PolicyName: { } policyName, Assignment.VerificationId: null })
        {
            return;
        }
        int days = (await policies.GetAsync(policyName, cancellationToken)).VerificationFrequencyDays;
        DateTimeOffset now = time.GetUtcNow();
        if (days == 0
            || now - (document.VerifiedAt ?? DateTimeOffset.MinValue) < TimeSpan.FromDays(days)
            || now - (document.VerificationTriedAt ?? DateTimeOffset.MinValue) < VerificationRetryDelay
            || !(await grains.GetGrain<IMachineGrain>(document.Id).LookAsync()).AgentConnected)
        {
            return;
        }
        OperationRequest verification = new() { RequestId = Guid.NewGuid(), Operation = MachineOperation.VerifyReplication };
        await grains.GetGrain<IMachineGrain>(document.Id).StartAsync(verification, "appliance");
    }

    /// <summary>Removes what was kept of a machine without replication as soon as the last window has passed; a drill or a mount that uses it goes on first.</summary>
    private async Task EndKeepingAsync(MachineDocument document)
    {
        if (document is { State: MachineState.Disabled, PointsKeptUntil: { } until, TestFailover: null }
            && time.GetUtcNow() >= until
            && pointsInUse.Of(document.Id).Count == 0)
        {
            OperationRequest removal = new() { RequestId = Guid.NewGuid(), Operation = MachineOperation.DisableReplication };
            await grains.GetGrain<IMachineGrain>(document.Id).StartAsync(removal, "appliance");
        }
    }
}
