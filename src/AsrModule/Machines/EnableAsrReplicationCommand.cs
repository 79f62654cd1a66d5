using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Identities;

namespace Asr.Module.Machines;

/// <summary>Starts replication of a machine's disks under a policy. With -Wait it returns after the initial replication.</summary>
[Cmdlet(VerbsLifecycle.Enable, "AsrReplication", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class EnableAsrReplicationCommand : MachineOperationCommand
{
    /// <summary>The policy to replicate under.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ArgumentCompleter(typeof(PolicyCompleter))]
    public PolicyIdentity Policy { get; set; } = null!;

    /// <summary>Names or ids of the disks to replicate; all when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DiskCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Disk { get; set; }

    /// <summary>The consistency group, whose machines get recovery points of one moment; none when left out.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(ConsistencyGroupCompleter))]
    [ValidateNotNullOrEmpty]
    public string? ConsistencyGroup { get; set; }

    private protected override string Action => $"Enable replication under policy '{Policy}'{(ConsistencyGroup is null ? "" : $" in consistency group '{ConsistencyGroup}'")}";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) => new()
    {
        Operation = MachineOperation.EnableReplication,
        PolicyName = Policy.Name,
        ConsistencyGroup = ConsistencyGroup is null ? null : SetAsrReplicatedMachineCommand.CheckGroup(ConsistencyGroup),
        DiskIds = Disk is null ? null : Disk.Select(name => FindDisk(machine, name)).Distinct().ToList(),
    };

    private protected override string Describe(AsrReplicatedMachine machine, OperationRequest request)
    {
        IEnumerable<AsrDisk> disks = machine.Disks.Where(disk => request.DiskIds is null || request.DiskIds.Contains(disk.Id));
        string named = string.Join(", ", disks.Select(disk => $"{disk.Name} ({Display.Bytes(disk.SizeBytes)})"));
        return $"machine '{machine.Name}', disks {named}";
    }

    private static Guid FindDisk(AsrReplicatedMachine machine, string name)
    {
        AsrDisk? disk = machine.Disks.FirstOrDefault(disk =>
            disk.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || (Guid.TryParse(name, out Guid id) && disk.Id == id));
        return disk?.Id ?? throw new AsrException(
            AsrErrorCode.NotFound,
            $"The machine '{machine.Name}' offers no disk '{name}'; it offers: {string.Join(", ", machine.Disks.Select(offered => offered.Name))}.",
            "Give the name or id of an offered disk.",
            name);
    }
}
