using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;
using Asr.Module.Jobs;

namespace Asr.Module.Completion;

/// <summary>Ids of the newest jobs that have not ended, shown by operation and machine.</summary>
public sealed class RunningJobCompleter : ConnectionCompleter
{
    private const int JobsMax = 100;

    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await connection.ListJobsAsync(JobsMax, cancellationToken).ConfigureAwait(false))
            .Where(job => !job.HasEnded())
            .Select(job => Offer(job.Id.ToString(), $"{job.Operation} of {job.Subject()}", $"{job.Id}, since {Display.Time(job.StartTime)}"));
}
