using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Machines;
namespace Asr.Module.Failovers;

/// <summary>Removes everything a test failover made.</summary>
[Cmdlet(VerbsLifecycle.Stop, "AsrTestFailover", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class StopAsrTestFailoverCommand : MachineOperationCommand
{
    private protected override string Action => "Remove the test failover with all its disks and exports";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.CleanUpTestFailover };
}
