using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;

namespace Asr.Module.Policies;

/// <summary>Shows replication policies.</summary>
[Cmdlet(VerbsCommon.Get, "AsrPolicy")]
[OutputType(typeof(AsrReplicationPolicy))]
public sealed class GetAsrPolicyCommand : ConnectedCommand
{
    /// <summary>Names, with wildcards; all when left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("PolicyName")]
    [ArgumentCompleter(typeof(PolicyCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = { "*" };

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        List<AsrReplicationPolicy> policies = new();
        ForAll(Active.ApplianceUri, () => policies = Run(stop => Active.ListPoliciesAsync(stop)));
        foreach (string name in Name)
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
            List<AsrReplicationPolicy> found = policies.Where(policy => pattern.IsMatch(policy.Name)).ToList();
            if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(name))
            {
                WriteError(new AsrException(
                    AsrErrorCode.NotFound,
                    $"The vault has no policy '{name}'.",
                    "List the policies with Get-AsrPolicy.",
                    name).ToErrorRecord(name));
            }

            WriteObject(found, enumerateCollection: true);
        }
    }
}
