using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Policies;

/// <summary>Removes a policy that no machine uses, with the policy for its way back.</summary>
[Cmdlet(VerbsCommon.Remove, "AsrPolicy", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveAsrPolicyCommand : ConnectedCommand
{
    /// <summary>The policy.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Name")]
    [ArgumentCompleter(typeof(PolicyCompleter))]
    public PolicyIdentity Policy { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Policy, () =>
    {
        AsrReplicationPolicy policy = Run(stop => Active.GetPolicyAsync(Policy, stop));
        if (ShouldProcess($"policy '{policy.Name}'", "Remove"))
        {
            Run(async stop =>
            {
                await Active.DeletePolicyAsync(policy.Name, stop).ConfigureAwait(false);
                return true;
            });
        }
    });
}
