using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>What the scrubs of a vault have left. Safe for concurrent callers.</summary>
public sealed class ScrubLog(ICatalog catalog)
{
    private readonly ScrubDocuments _documents = new(catalog);

    /// <summary>How far the scrub of a name is, or was at its end; null when there was none or its document cannot be read.</summary>
    public async Task<AsrVaultCheck?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await _documents.ReadAsync(name, cancellationToken).ConfigureAwait(false))?.Document.Check;
        }
        catch (AsrException damaged) when (damaged.Code == AsrErrorCode.VaultDocumentCorrupt)
        {
            return null;
        }
    }

    /// <summary>What is known to be wrong, from all scrubs together: the findings that no later scrub has seen to be gone, one for each object, the latest.</summary>
    public async Task<IReadOnlyList<AsrVaultFinding>> ListFindingsAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ScrubDocument> scrubs = await _documents.ListAsync(cancellationToken).ConfigureAwait(false);
        return [.. scrubs
            .SelectMany(static scrub => scrub.Check.Findings.Concat(scrub.Previous))
            .Where(finding => !scrubs.Any(scrub => HasSeenItGone(scrub.Check, finding)))
            .GroupBy(static finding => finding.Object)
            .Select(static found => found.MaxBy(static finding => finding.FoundAt)!)
            .OrderBy(static finding => finding.Object, StringComparer.Ordinal)];
    }

    // A list that is full says nothing about what is not on it.
    private static bool HasSeenItGone(AsrVaultCheck check, AsrVaultFinding finding) =>
        check.EndTime is not null
        && check.StartTime > finding.FoundAt
        && (check.MachineId is null || check.MachineId == finding.MachineId)
        && check.FindingCount == check.Findings.Count
        && !check.Findings.Any(found => found.Object == finding.Object);
}
