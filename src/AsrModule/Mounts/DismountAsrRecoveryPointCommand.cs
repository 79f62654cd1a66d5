using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Mounts;

/// <summary>Ends mounts: detaches their disks, ends their exports and throws away what was written to them.</summary>
[Cmdlet(VerbsData.Dismount, "AsrRecoveryPoint", SupportsShouldProcess = true)]
public sealed class DismountAsrRecoveryPointCommand : ConnectedCommand
{
    /// <summary>The mounts.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Id")]
    [ArgumentCompleter(typeof(MountCompleter))]
    [ValidateNotNullOrEmpty]
    public MountIdentity[] Mount { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MountIdentity identity in Mount)
        {
            ForItem(identity, () => Dismount(identity));
        }
    }

    private void Dismount(MountIdentity identity)
    {
        AsrRecoveryPointMount mount = Run(Active.ListMountsAsync).FirstOrDefault(known => known.Id == identity.Id) ?? throw new AsrException(
            AsrErrorCode.NotFound,
            $"The appliance has no mount {identity}.",
            "List the mounts with Get-AsrRecoveryPointMount; one ends with its time and with the appliance.",
            identity.ToString());
        if (ShouldProcess($"mount of the recovery point of {Display.Time(mount.RecoveryPointTime)} of machine '{mount.MachineName}'", "Dismount"))
        {
            Run(async stop =>
            {
                await Active.DismountAsync(mount.Id, stop).ConfigureAwait(false);
                return true;
            });
        }
    }
}
