using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Machines;

/// <summary>Shows machines: state, recovery point objective, disks and what may be asked of them.</summary>
[Cmdlet(VerbsCommon.Get, "AsrReplicatedMachine")]
[OutputType(typeof(AsrReplicatedMachine))]
public sealed class GetAsrReplicatedMachineCommand : ConnectedCommand
{
    /// <summary>Names with wildcards, ids, or objects that belong to a machine; all when left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Machine", "Id", "MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Name { get; set; } = { new("*") };

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MachineIdentity name in Name)
        {
            ForItem(name, () => WriteObject(Run(stop => Active.FindMachinesAsync(name, stop)), enumerateCollection: true));
        }
    }
}
