using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;
using Asr.Module.Jobs;

namespace Asr.Module.Vaults;

/// <summary>Has the appliance read and verify all that the vault holds, of machines or of all, and says which recovery points damage concerns.</summary>
[Cmdlet(VerbsDiagnostic.Test, "AsrVault", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class TestAsrVaultCommand : JobCommand
{
    /// <summary>The machines whose part of the vault is checked; the whole vault when left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[]? Machine { get; set; }

    /// <summary>Resynchronises the machines whose newest state is affected, where their source can be reached.</summary>
    [Parameter]
    public SwitchParameter Repair { get; set; }

    /// <summary>Begins anew even where an earlier check was stopped.</summary>
    [Parameter]
    public SwitchParameter Restart { get; set; }

    /// <summary>Someone who stops waiting does not want the disks kept busy; the next check goes on from there.</summary>
    private protected override bool EndsJobsWithWait => true;

    private string Action => Repair ? "Read and verify every object, and resynchronise the machines affected" : "Read and verify every object";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Machine is null)
        {
            ForItem(null, () => Start($"vault '{Active.Vault.Location}'", null));
            return;
        }

        foreach (MachineIdentity identity in Machine)
        {
            ForItem(identity, () =>
            {
                AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(identity, stop));
                Start($"what the vault holds of machine '{machine.Name}'", machine.Id);
            });
        }
    }

    private void Start(string target, Guid? machineId)
    {
        VaultCheckRequest request = new() { RequestId = Guid.NewGuid(), MachineId = machineId, Repair = Repair, Restart = Restart };
        if (ShouldProcess(target, Action))
        {
            Start(request.RequestId, stop => Active.StartCheckAsync(request, stop));
        }
    }
}
