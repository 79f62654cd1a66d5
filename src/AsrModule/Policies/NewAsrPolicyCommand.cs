using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Policies;

/// <summary>Makes a replication policy; the policy for the way back is made by itself.</summary>
[Cmdlet(VerbsCommon.New, "AsrPolicy", SupportsShouldProcess = true, DefaultParameterSetName = AgeSet)]
[OutputType(typeof(AsrReplicationPolicy))]
public sealed class NewAsrPolicyCommand : PolicyChangeCommand
{
    /// <summary>Name of the new policy.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <inheritdoc/>
    protected override void EndProcessing() => ForAll(Name, () =>
    {
        AsrReplicationPolicy policy = Apply(new AsrReplicationPolicy { Name = Name });
        if (ShouldProcess($"policy '{Name}'", "Make"))
        {
            WriteObject(Run(stop => Active.PutPolicyAsync(policy, mustBeNew: true, stop)));
        }
    });
}
