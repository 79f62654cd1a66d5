using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Jobs;

/// <summary>Keeps the vault's collection of jobs from growing without bound. One caller at a time.</summary>
public sealed class JobHistory(ICatalog catalog)
{
    /// <summary>Ended jobs kept: the newest so many. Jobs that have not ended always stay.</summary>
    public const int KeptCount = 1_000;

    // Every document has to be read to know its age, so it is done once per this many new jobs.
    private const int TrimInterval = 100;

    /// <summary>Removes the oldest ended jobs once there are clearly more than <see cref="KeptCount"/>.</summary>
    public async Task TrimAsync(CancellationToken cancellationToken)
    {
        if (await catalog.ListIdsAsync(JobDocument.Collection, cancellationToken).CountAsync(cancellationToken) < KeptCount + TrimInterval)
        {
            return;
        }
        List<(CatalogDocument Document, JobDocument Job)> ended = await catalog.ListAsync(JobDocument.Collection, cancellationToken)
            .Select(document => (Document: document, Job: CatalogGrainStorage.Parse<JobDocument>(document.Content, JobDocument.Collection, document.Id)))
            .Where(known => known.Job.HasEnded)
            .ToListAsync(cancellationToken);
        foreach ((CatalogDocument document, _) in ended.OrderByDescending(known => known.Job.Job.StartTime).Skip(KeptCount))
        {
            await catalog.DeleteAsync(JobDocument.Collection, document.Id, document.ETag, cancellationToken);
        }
    }
}
