using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Names of policies.</summary>
public sealed class PolicyCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await connection.ListPoliciesAsync(cancellationToken).ConfigureAwait(false))
            .Where(policy => !policy.IsFailbackPolicy)
            .Select(policy => Offer(
                policy.Name,
                policy.Name,
                $"a point every {Display.Duration(policy.CrashConsistentFrequencySeconds)}, kept {Display.Retention(policy)}"));
}
