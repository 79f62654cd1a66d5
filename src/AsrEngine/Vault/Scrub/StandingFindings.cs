using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>What is known to be wrong with a vault, from all its scrubs together. Safe for concurrent callers.</summary>
public sealed class StandingFindings(ICatalog catalog)
{
    /// <summary>The findings that no later scrub has seen to be gone, one for each object, the latest.</summary>
    public async Task<IReadOnlyList<AsrVaultFinding>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ScrubDocument> scrubs = await new ScrubDocuments(catalog).ListAsync(cancellationToken).ConfigureAwait(false);
        return [.. scrubs
            .SelectMany(static scrub => scrub.Check.Findings.Concat(scrub.Previous))
            .Where(finding => !scrubs.Any(scrub => HasSeenItGone(scrub.Check, finding)))
            .GroupBy(static finding => finding.Object)
            .Select(static found => found.MaxBy(static finding => finding.FoundAt)!)];
    }

    // A list that is full says nothing about what is not on it.
    private static bool HasSeenItGone(AsrVaultCheck check, AsrVaultFinding finding) =>
        check.EndTime is not null
        && check.StartTime > finding.FoundAt
        && (check.MachineId is null || check.MachineId == finding.MachineId)
        && check.FindingCount == check.Findings.Count
        && !check.Findings.Any(found => found.Object == finding.Object);
}
