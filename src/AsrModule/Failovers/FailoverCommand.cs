using Asr.Contracts;
using Asr.Module.Connections;
using Asr.Module.Identities;
using Asr.Module.Machines;

namespace Asr.Module.Failovers;

/// <summary>What the cmdlets that bring a machine up from a recovery point share: finding the point and naming the folder.</summary>
public abstract class FailoverCommand : MachineOperationCommand
{
    /// <summary>The point of the machine, or null for the latest when none was asked for.</summary>
    private protected AsrRecoveryPoint? FindPoint(AsrReplicatedMachine machine, RecoveryPointIdentity? identity) =>
        identity is null ? null : identity.Resolve(Run(stop => Active.ListPointsAsync(machine.Id, stop)), machine.Name);

    /// <summary>The folder as the appliance sees it: a path relative to here means here.</summary>
    private protected string? FullPath(string? path) =>
        path is null ? null : SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);

    private protected override string Describe(AsrReplicatedMachine machine, OperationRequest request)
    {
        string point = request.RecoveryPointId is { } id ? $"recovery point {id}" : "its latest recovery point";
        return $"machine '{machine.Name}' ({machine.State}), {point}{(request.Folder is null ? "" : $", into '{request.Folder}'")}";
    }
}
