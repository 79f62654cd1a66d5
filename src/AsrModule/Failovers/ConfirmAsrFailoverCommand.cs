using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.Failovers;

/// <summary>Commits a failover: the machine runs at the recovery site for good. Recovery points stay as long as the policy keeps them.</summary>
[Cmdlet(VerbsLifecycle.Confirm, "AsrFailover", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(AsrJob))]
public sealed class ConfirmAsrFailoverCommand : MachineOperationCommand
{
    private protected override string Action => "Commit the failover: it can no longer be cancelled";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.CommitFailover };
}
