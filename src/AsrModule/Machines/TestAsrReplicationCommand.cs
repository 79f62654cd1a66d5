using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Machines;

/// <summary>Compares the disks of machines with a recovery point made for it, while they are in use; what differs is told and sent anew.</summary>
[Cmdlet(VerbsDiagnostic.Test, "AsrReplication", SupportsShouldProcess = true)]
[OutputType(typeof(AsrJob))]
public sealed class TestAsrReplicationCommand : MachineOperationCommand
{
    /// <summary>How fast each machine's disks are read at most, in bytes a second.</summary>
    [Parameter]
    [ValidateRange(ReplicationLimits.BytesPerSecondMin, long.MaxValue)]
    public long BytesPerSecondMax { get; set; } = ReplicationLimits.VerificationBytesPerSecondDefault;

    /// <summary>Someone who stops waiting does not want the disks kept busy.</summary>
    private protected override bool EndsJobsWithWait => true;

    private protected override string Action => "Compare every block with the source, and send anew what differs";

    private protected override OperationRequest CreateRequest(AsrReplicatedMachine machine) =>
        new() { Operation = MachineOperation.VerifyReplication, BytesPerSecondMax = BytesPerSecondMax };
}
