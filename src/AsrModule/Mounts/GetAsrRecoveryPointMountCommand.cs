using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Mounts;

/// <summary>Shows the recovery points that are mounted, oldest mount first.</summary>
[Cmdlet(VerbsCommon.Get, "AsrRecoveryPointMount")]
[OutputType(typeof(AsrRecoveryPointMount))]
public sealed class GetAsrRecoveryPointMountCommand : ConnectedCommand
{
    /// <summary>Only mounts of these machines; names may have wildcards.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[]? Machine { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForAll(Active.ApplianceUri, () => WriteObject(
        Run(Active.ListMountsAsync).Where(mount => Machine is null || Machine.Any(machine => machine.Matches(mount.MachineId, mount.MachineName))),
        enumerateCollection: true));
}
