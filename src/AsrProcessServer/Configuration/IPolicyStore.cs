using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>
/// The replication policies. Each policy made by a person comes with a failback policy of the name <c>&lt;name&gt;-failback</c>, which follows it and
/// cannot be changed. Names are compared without case. Safe for concurrent callers and several processes.
/// </summary>
public interface IPolicyStore
{
    /// <summary>Every policy, failback policies included, by name.</summary>
    Task<IReadOnlyList<AsrReplicationPolicy>> ListAsync(CancellationToken cancellationToken);

    /// <summary>One policy; <see cref="AsrErrorCode.NotFound"/>.</summary>
    Task<AsrReplicationPolicy> GetAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Stores a policy and its failback policy and returns it as stored. <see cref="AsrErrorCode.InvalidArgument"/> names the bound that is broken;
    /// <see cref="AsrErrorCode.AlreadyExists"/> when <paramref name="create"/> is asked for and another policy has the name (an equal one is a repetition
    /// and is no error); <see cref="AsrErrorCode.Conflict"/> when another process changes it at the same moment.
    /// </summary>
    Task<AsrReplicationPolicy> PutAsync(AsrReplicationPolicy policy, bool create, CancellationToken cancellationToken);

    /// <summary>Removes a policy and its failback policy; one that is gone already is no error. Does not ask whether it is used.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}
