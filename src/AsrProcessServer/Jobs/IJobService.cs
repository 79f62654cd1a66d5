using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs;

/// <summary>The jobs of the vault, running and ended. Safe for concurrent callers.</summary>
public interface IJobService
{
    /// <summary>The newest <paramref name="countMax"/> jobs, newest first.</summary>
    Task<IReadOnlyList<AsrJob>> ListAsync(int countMax, CancellationToken cancellationToken);

    /// <summary>
    /// One job; <see cref="AsrErrorCode.NotFound"/>. With <paramref name="knownRevision"/> waits up to 10 seconds for a newer
    /// revision and then answers with what there is; a job that has ended answers at once.
    /// </summary>
    Task<AsrJob> GetAsync(Guid jobId, long? knownRevision, CancellationToken cancellationToken);

    /// <summary>Starts a check of the vault; the same request id again gives the same job. <see cref="AsrErrorCode.NotFound"/> for an unknown machine.</summary>
    Task<AsrJob> StartCheckAsync(VaultCheckRequest request, string requestedBy, CancellationToken cancellationToken);

    /// <summary>
    /// Stops a job that changes nothing but its own files, and answers while it takes them back. <see cref="AsrErrorCode.OperationNotAllowed"/> for other
    /// operations: half-way they are worse than either end. A job that has ended, or fails already, is left as it is.
    /// </summary>
    Task<AsrJob> CancelAsync(Guid jobId, string requestedBy, CancellationToken cancellationToken);
}
