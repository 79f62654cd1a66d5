using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Machines;

/// <summary>Puts machines into a consistency group, or takes them out of the one they are in.</summary>
[Cmdlet(VerbsCommon.Set, "AsrReplicatedMachine", SupportsShouldProcess = true)]
[OutputType(typeof(AsrReplicatedMachine))]
public sealed class SetAsrReplicatedMachineCommand : ConnectedCommand
{
    /// <summary>The machines: names, ids, or objects that belong to a machine.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Machine { get; set; } = null!;

    /// <summary>The group to be in; an empty text for none.</summary>
    [Parameter(Mandatory = true)]
    [ArgumentCompleter(typeof(ConsistencyGroupCompleter))]
    [AllowEmptyString]
    public string ConsistencyGroup { get; set; } = null!;

    /// <summary>Writes the changed machines.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>The name, when it can be a group's.</summary>
    internal static string CheckGroup(string name) => Contracts.ConsistencyGroup.Fault(name) is { } fault
        ? throw new AsrException(AsrErrorCode.InvalidArgument, $"The name '{name}' of a consistency group {fault}.", "Choose another name.", name)
        : name;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        ForAll(null, () =>
        {
            if (ConsistencyGroup.Length > 0)
            {
                CheckGroup(ConsistencyGroup);
            }
        });
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MachineIdentity identity in Machine)
        {
            ForItem(identity, () => Change(identity));
        }
    }

    private void Change(MachineIdentity identity)
    {
        AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(identity, stop));
        string action = ConsistencyGroup.Length > 0 ? $"Put into consistency group '{ConsistencyGroup}'" : $"Take out of consistency group '{machine.ConsistencyGroup}'";
        if (!ShouldProcess($"machine '{machine.Name}' ({machine.State})", action))
        {
            return;
        }

        AsrReplicatedMachine changed = Run(stop => Active.SetConsistencyGroupAsync(machine.Id, ConsistencyGroup.Length > 0 ? ConsistencyGroup : null, stop));
        if (PassThru)
        {
            WriteObject(changed);
        }
    }
}
