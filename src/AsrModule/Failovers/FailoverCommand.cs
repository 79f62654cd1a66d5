using System;
using Asr.Contracts;
using Asr.Module.Connections;
using Asr.Module.Identities;
using Asr.Module.Machines;

namespace Asr.Module.Failovers;

/// <summary>What the cmdlets that bring a machine up from a recovery point share: finding the point and naming the folder.</summary>
public abstract class FailoverCommand : MachineOperationCommand
{
    /// <summary>The request with the point asked for, or with none for the latest. A second between points is looked up now, so that the question names what is taken.</summary>
    private protected OperationRequest Aim(OperationRequest request, AsrReplicatedMachine machine, RecoveryPointIdentity? identity, DateTimeOffset? pointInTime) =>
        FindPoint(machine, identity, pointInTime) is { } point ? Aim(request, point) : request;

    /// <summary>The request with this point, or with its second when it is only shown.</summary>
    private protected static OperationRequest Aim(OperationRequest request, AsrRecoveryPoint point) =>
        point.PublishedAt == default ? request with { PointInTime = point.Time } : request with { RecoveryPointId = point.Id };

    /// <summary>The point asked for, or null when none is.</summary>
    private protected AsrRecoveryPoint? FindPoint(AsrReplicatedMachine machine, RecoveryPointIdentity? identity, DateTimeOffset? pointInTime) =>
        Run(stop => Active.FindPointAsync(machine, identity, pointInTime, stop));

    /// <summary>The folder as the appliance sees it: a path relative to here means here.</summary>
    private protected string? FullPath(string? path) =>
        path is null ? null : SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    private protected override string Describe(AsrReplicatedMachine machine, OperationRequest request)
    {
        string point = request.RecoveryPointId is { } id ? $"recovery point {id}"
            : request.PointInTime is { } time ? $"as it was at {Display.Instant(time)}"
            : "its latest recovery point";
        return $"machine '{machine.Name}' ({machine.State}), {point}{(request.Folder is null ? "" : $", into '{request.Folder}'")}";
    }
}
