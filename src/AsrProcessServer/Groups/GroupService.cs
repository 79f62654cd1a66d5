using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Asr.ProcessServer.Groups;

/// <summary>The consistency groups: which there are, the steps of their machines, and the points they agree on. Safe for concurrent callers.</summary>
public sealed class GroupService(IGrainFactory grains, IPolicyStore policies, ChangeSignals signals, ILogger<GroupService> logger)
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);

    /// <summary>Looks after every group that the machines' documents name.</summary>
    public async Task LookAfterAllAsync(IReadOnlyList<MachineDocument> machines, CancellationToken cancellationToken)
    {
        foreach (IGrouping<string, MachineDocument> group in machines
            .Where(machine => machine.ConsistencyGroup is not null).GroupBy(machine => machine.ConsistencyGroup!, StringComparer.OrdinalIgnoreCase))
        {
            try
            {
                AsrReplicationPolicy policy = await policies.GetAsync(group.First().PolicyName!, cancellationToken);
                GroupMember[] members = group.Select(machine => new GroupMember(machine.Id, machine.Name, machine.State)).ToArray();
                await Group(group.Key).LookAfterAsync(new GroupMembership(group.Key, members, policy.CrashConsistentFrequencySeconds, policy.AppConsistentFrequencyHours));
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                GroupsLog.LookFailed(logger, group.Key, error);
            }
        }
    }

    /// <summary>Takes a step of a machine's agent and answers when there is something to do, after 10 seconds at the latest.</summary>
    public async Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step, CancellationToken cancellationToken)
    {
        IMachineGrain machine = grains.GetGrain<IMachineGrain>(machineId);
        string? group = (await machine.LookAsync()).Document.ConsistencyGroup;
        if (group is null)
        {
            // It has left, and will be told so by its assignment; a step of a round it took part in has nothing to wait for.
            return step.Phase == ConsistencyPhase.Waiting
                ? await signals.WaitAsync(machineId, () => Task.FromResult(new ConsistencyOrder()), _ => false, TimeSpan.FromSeconds(1), cancellationToken)
                : new ConsistencyOrder { RoundId = step.RoundId, Command = ConsistencyCommand.Drop };
        }
        IGroupGrain grain = Group(group);
        return await signals.WaitAsync(
            GroupId(group), () => grain.StepAsync(machineId, step), order => order.Command != ConsistencyCommand.Wait, LongPoll, cancellationToken);
    }

    /// <summary>
    /// Hands in a machine's point of a round, all of whose changes are durable, and waits until those of all its machines are there; the point as it is to be published.
    /// <see cref="AsrErrorCode.ConsistencyRoundFailed"/> when it is not to be.
    /// </summary>
    public async Task<AsrRecoveryPoint> AgreeAsync(AsrRecoveryPoint point, CancellationToken cancellationToken)
    {
        MachineDocument machine = (await grains.GetGrain<IMachineGrain>(point.MachineId).LookAsync()).Document;
        if (machine.ConsistencyGroup is not { } group)
        {
            throw GroupRound.Over(point);
        }
        IGroupGrain grain = Group(group);
        await grain.HandInAsync(point);
        return (await signals.WaitAsync(GroupId(group), () => grain.FindAgreedAsync(point), agreed => agreed is not null, GroupRound.PublishMax, cancellationToken))
            ?? throw GroupRound.Over(point);
    }

    private IGroupGrain Group(string name) => grains.GetGrain<IGroupGrain>(GroupId(name));

    private static Guid GroupId(string name) => DerivedId.Of(Guid.Empty, name.ToUpperInvariant());
}
