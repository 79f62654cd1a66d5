using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>A document.</summary>
internal readonly record struct DocumentName(string Collection, string Id);

/// <summary>Verifies documents: their checksums, that they are JSON, and that the disks of recovery points are known.</summary>
internal sealed class DocumentScrub(ICatalog catalog, DiskDocuments disks, ScrubReader reader, ScrubScope scope, DocumentFindings findings)
{
    /// <summary>The documents behind a place, in order.</summary>
    public async IAsyncEnumerable<DocumentName> ListAsync(ScrubPlace? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (string collection in catalog.ListCollectionsAsync(cancellationToken).ConfigureAwait(false))
        {
            int order = after is null ? 1 : string.CompareOrdinal(collection, after.Collection);
            if (order < 0)
            {
                continue;
            }

            await foreach (string id in catalog.ListIdsAsync(collection, cancellationToken).ConfigureAwait(false))
            {
                if (scope.Has(collection, id) && (order > 0 || string.CompareOrdinal(id, after!.DocumentId) > 0))
                {
                    yield return new DocumentName(collection, id);
                }
            }
        }
    }

    /// <summary>Verifies one; one that is gone meanwhile is well.</summary>
    /// <param name="name">The document.</param>
    /// <param name="isTold">Whether a finding about an object is there already.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<(long Bytes, AsrVaultFinding? Finding)> VerifyAsync(DocumentName name, Func<string, bool> isTold, CancellationToken cancellationToken)
    {
        CatalogDocument? document = null;
        AsrRecoveryPoint? point = null;
        AsrException? problem = await reader.TryAsync(
            async () =>
            {
                document = await catalog.ReadAsync(name.Collection, name.Id, cancellationToken).ConfigureAwait(false);
                if (document is null)
                {
                    return;
                }

                if (ScrubPoints.MachineOf(name.Collection) is not null)
                {
                    point = CatalogJson.Read<AsrRecoveryPoint>(name.Collection, document);
                }
                else
                {
                    CatalogJson.Read<object>(name.Collection, document);
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (problem is not null)
        {
            return (document?.Content.Length ?? 0, await findings.DescribeAsync(name, ScrubReader.ProblemOf(problem), problem.Message, problem.Action, cancellationToken).ConfigureAwait(false));
        }

        foreach (RecoveryPointDisk disk in point?.Disks ?? [])
        {
            DocumentName lost = new(DiskDocuments.Collection, disk.DiskId.ToString("D"));
            if (!scope.Knows(disk.DiskId)
                && !isTold($"{lost.Collection}/{lost.Id}")
                && await disks.ReadETagAsync(disk.DiskId, cancellationToken).ConfigureAwait(false) is null)
            {
                string message = $"Document {lost.Collection}/{lost.Id} is not in the vault, and with it the keys of the disk '{disk.Name}' of '{point!.MachineName}' are gone.";
                return (document!.Content.Length, await findings.DescribeAsync(lost, VaultProblem.Missing, message, "Restore this document from a copy of the vault.", cancellationToken).ConfigureAwait(false));
            }
        }

        return (document?.Content.Length ?? 0, null);
    }
}
