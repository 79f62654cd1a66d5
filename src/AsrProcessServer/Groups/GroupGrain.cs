using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Asr.ProcessServer.Groups;

/// <inheritdoc cref="IGroupGrain" />
public sealed class GroupGrain(
    [PersistentState(GroupDocument.Collection, CatalogGrainStorage.Name)] IPersistentState<GroupDocument> state,
    IRecoveryPointLog points,
    IEventLog events,
    GroupTrouble troubles,
    ChangeSignals signals,
    TimeProvider time,
    ILogger<GroupGrain> logger) : Grain, IGroupGrain
{
    private readonly GroupCoordinator _coordinator = new(time);
    private string _name = "";
    private IGrainTimer? _deadline;
    private Guid? _told;
    private (Guid MachineId, AsrErrorCode Code)? _announced;

    /// <inheritdoc />
    public async Task LookAfterAsync(GroupMembership membership)
    {
        _name = membership.Name;
        _coordinator.Look(membership);
        await AfterAsync();
        await PublishLeftAsync();
    }

    /// <inheritdoc />
    public async Task<ConsistencyOrder> StepAsync(Guid machineId, ConsistencyStep step)
    {
        (GroupRound?, RoundStage?) before = (_coordinator.Round, _coordinator.Round?.Stage);
        ConsistencyOrder order = _coordinator.Step(machineId, step);
        if (before != (_coordinator.Round, _coordinator.Round?.Stage))
        {
            await AfterAsync();
        }
        return order;
    }

    /// <inheritdoc />
    public async Task HandInAsync(AsrRecoveryPoint point)
    {
        if (state.State.Unpublished.Any(agreed => agreed.Id == point.Id))
        {
            return;
        }
        try
        {
            _coordinator.HandIn(point);
        }
        catch (AsrException over) when (over.Code == AsrErrorCode.ConsistencyRoundFailed)
        {
            if (await points.FindAsync(point.MachineId, point.Id, CancellationToken.None) is null)
            {
                throw;
            }
            return;
        }
        if (_coordinator.Round is { Stage: RoundStage.Complete } round)
        {
            // Those of a round before this are published: its machines have begun this one since, and the look in between saw to the rest.
            await PublishLeftAsync();
            await state.ReplaceAsync(new GroupDocument { Name = _name, Unpublished = round.Points });
            GroupsLog.RoundComplete(logger, round.Id, _name, round.Points.Count, round.Span.TotalMilliseconds, round.LongestRest.TotalMilliseconds);
            await AfterAsync();
        }
    }

    /// <inheritdoc />
    public async Task<AsrRecoveryPoint?> FindAgreedAsync(AsrRecoveryPoint point)
    {
        _coordinator.Tick();
        if (_coordinator.Round is { Stage: RoundStage.Publishing } round && round.Id == point.MultiMachine?.Id)
        {
            return null;
        }
        return state.State.Unpublished.FirstOrDefault(agreed => agreed.Id == point.Id)
            ?? await points.FindAsync(point.MachineId, point.Id, CancellationToken.None)
            ?? throw GroupRound.Over(point);
    }

    /// <summary>Tells whoever waits, sets the clock for the next deadline, and announces a failure once.</summary>
    private async Task AfterAsync()
    {
        troubles.Note(_name, _coordinator.Trouble);
        signals.Raise(this.GetPrimaryKey());
        _deadline?.Dispose();
        _deadline = _coordinator.UntilDeadline is { } left
            ? this.RegisterGrainTimer(OnDeadlineAsync, new GrainTimerCreationOptions(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan) { KeepAlive = true })
            : null;
        if (_coordinator.Round is { Failure: { } failure } round && _told != round.Id)
        {
            _told = round.Id;
            GroupsLog.RoundFailed(logger, round.Id, _name, failure.Machine.Name, failure.Error.Message);
            await AnnounceAsync(failure);
        }
        else if (_coordinator.Round is { Stage: RoundStage.Complete })
        {
            _announced = null;
        }
    }

    private Task OnDeadlineAsync(CancellationToken cancellationToken)
    {
        _coordinator.Tick();
        return AfterAsync();
    }

    /// <summary>One event for a row of rounds that fail in the same way: there may be one every second.</summary>
    private async Task AnnounceAsync(RoundFailure failure)
    {
        (Guid, AsrErrorCode) news = (failure.Machine.Id, failure.Error.Code);
        if (_announced == news)
        {
            return;
        }
        await events.AddAsync(
            new AsrEvent
            {
                Severity = EventSeverity.Warning,
                Code = nameof(AsrErrorCode.ConsistencyRoundFailed),
                Message = $"The machines of consistency group '{_name}' got no shared recovery point, because '{failure.Machine.Name}' failed: {failure.Error.Message}",
                Action = failure.Error.Action,
                MachineId = failure.Machine.Id,
                MachineName = failure.Machine.Name,
            },
            CancellationToken.None);
        _announced = news;
    }

    /// <summary>
    /// Publishes what a round has agreed on and its machines have not published themselves: their requests, or the appliance, ended in between. Each request waits for the note in the vault, so what
    /// is left is found here a second later at the latest.
    /// </summary>
    private async Task PublishLeftAsync()
    {
        if (state.State.Unpublished.Count == 0)
        {
            return;
        }
        foreach (AsrRecoveryPoint agreed in state.State.Unpublished)
        {
            AsrRecoveryPoint stored = await points.PublishAsync(agreed, CancellationToken.None);
            await GrainFactory.GetGrain<IMachineGrain>(stored.MachineId).PointPublishedAsync(stored);
        }
        await state.ReplaceAsync(state.State with { Unpublished = [] });
    }
}
