using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Policies;

/// <summary>Changes the times of a policy; what is not given stays. Machines under it follow.</summary>
[Cmdlet(VerbsCommon.Set, "AsrPolicy", SupportsShouldProcess = true, DefaultParameterSetName = AgeSet)]
[OutputType(typeof(AsrReplicationPolicy))]
public sealed class SetAsrPolicyCommand : PolicyChangeCommand
{
    /// <summary>The policy.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(PolicyCompleter))]
    public PolicyIdentity Policy { get; set; } = null!;

    /// <summary>Writes the changed policy.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Policy, () =>
    {
        AsrReplicationPolicy policy = Apply(Run(stop => Active.GetPolicyAsync(Policy, stop)));
        if (!ShouldProcess($"policy '{policy.Name}'", "Change"))
        {
            return;
        }

        AsrReplicationPolicy changed = Run(stop => Active.PutPolicyAsync(policy, mustBeNew: false, stop));
        if (PassThru)
        {
            WriteObject(changed);
        }
    });
}
