using System;
using System.Threading.Tasks;
using Asr.Contracts;
using Orleans;

namespace Asr.ProcessServer.Groups;

/// <summary>The one coordinator of a consistency group; its key is derived from the group's name. Calls are short: nothing here waits for machines.</summary>
public interface IGroupGrain : IGrainWithGuidKey
{
    /// <summary>Takes the group as it is now; called once a second.</summary>
    Task LookAfterAsync(GroupMembership membership);

    /// <summary>Takes a machine's step and gives what it is to do; may be <see cref="ConsistencyCommand.Wait"/>.</summary>
    Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step);

    /// <summary>Takes a machine's point, all of whose changes are durable. <see cref="AsrErrorCode.ConsistencyRoundFailed"/> when its round is over.</summary>
    Task HandInAsync(AsrRecoveryPoint point);

    /// <summary>
    /// The point as it is to be published once those of all machines are there and that is noted in the vault; null until then. <see cref="AsrErrorCode.ConsistencyRoundFailed"/> when it will not be.
    /// </summary>
    Task<AsrRecoveryPoint?> FindAgreedAsync(AsrRecoveryPoint point);
}
