using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.ProcessServer.Groups;

/// <summary>
/// Leads the rounds of one consistency group: knows which machines wait for one, begins it when a point is due and all do, and says what keeps the group from shared points. Pure but for the clock. Not
/// safe for concurrent callers.
/// </summary>
internal sealed class GroupCoordinator
{
    /// <summary>A machine whose agent has not asked for so long does not take part.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    private readonly TimeProvider _time;
    private readonly long _begun;
    private readonly Dictionary<Guid, Presence> _present = [];
    private GroupMembership _membership = new("", [], 0, 0);
    private DateTimeOffset _lastLook;

    /// <summary>Begins without knowing any machine.</summary>
    public GroupCoordinator(TimeProvider time)
    {
        _time = time;
        _begun = time.GetTimestamp();
        _lastLook = time.GetUtcNow();
    }

    /// <summary>The round that runs or was the last, or null.</summary>
    public GroupRound? Round { get; private set; }

    /// <summary>The last failure, until a round succeeds.</summary>
    public RoundFailure? LastFailure { get; private set; }

    /// <summary>What keeps the group from shared points now, as a sentence; null when nothing does.</summary>
    public string? Trouble => Missing() ?? (LastFailure is { } failure ? $"In the last round '{failure.Machine.Name}' failed: {failure.Error.Message}" : null);

    /// <summary>How long until the time has to be looked at; null when only steps matter.</summary>
    public TimeSpan? UntilDeadline => IsUnderWay ? Round!.Deadline - Now : null;

    private TimeSpan Now => _time.GetElapsedTime(_begun);

    private bool IsUnderWay => Round is { Stage: not (RoundStage.Failed or RoundStage.Complete) };

    /// <summary>Takes the group as it is now, ends a round that it does not fit any more, and begins one when a point has come due since the last look and all wait for it.</summary>
    public void Look(GroupMembership membership)
    {
        _membership = membership;
        DateTimeOffset now = _time.GetUtcNow();
        Tick();
        if (IsUnderWay)
        {
            LeaveUnfit();
        }
        else if (DueSince(_lastLook, now) is { } type && Missing() is null)
        {
            if (!membership.Machines.All(machine => _present[machine.Id].IsWaiting))
            {
                // One is about to end something else; it is due until then.
                return;
            }

            Round = new GroupRound(Guid.NewGuid(), membership.Name, type, membership.Machines, Now);
        }

        _lastLook = now;
    }

    /// <summary>Takes a step and gives what the machine is to do.</summary>
    public ConsistencyOrder Step(Guid machineId, ConsistencyStep step)
    {
        if (_membership.Machines.All(machine => machine.Id != machineId))
        {
            return new ConsistencyOrder();
        }

        Tick();
        if (!_present.TryGetValue(machineId, out Presence? presence) || presence.Run != step.Run || step.Number > presence.Number)
        {
            // A late step of an earlier run would look like a new run once; the round fails then, and nothing worse.
            _present[machineId] = new Presence(step.Run, step.Number, step.Phase == ConsistencyPhase.Waiting, Now);
            if (Round is { } round && (step.Phase == ConsistencyPhase.Waiting || step.RoundId == round.Id))
            {
                round.Take(machineId, step, Now, _time.GetUtcNow());
                NoteFailure();
            }
        }
        else
        {
            _present[machineId] = presence with { HeardAt = Now };
        }

        return OrderFor(machineId, step);
    }

    /// <summary>Takes a machine's point; afterwards <see cref="Round"/> may be complete.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.ConsistencyRoundFailed"/>.</exception>
    public void HandIn(AsrRecoveryPoint point)
    {
        Tick();
        if (Round is not { } round || round.Id != point.MultiMachine?.Id)
        {
            throw GroupRound.Over(point);
        }

        round.HandIn(point);
        LastFailure = round.Stage == RoundStage.Complete ? null : LastFailure;
    }

    /// <summary>Looks at the time of the round.</summary>
    public void Tick()
    {
        Round?.Tick(Now);
        NoteFailure();
    }

    private ConsistencyOrder OrderFor(Guid machineId, ConsistencyStep step)
    {
        ConsistencyOrder order = Round?.OrderFor(machineId) ?? new ConsistencyOrder();

        // One that waits has nothing to drop; one that speaks of another round than this has nothing but that.
        return step.Phase == ConsistencyPhase.Waiting
            ? order.Command == ConsistencyCommand.Prepare ? order : new ConsistencyOrder()
            : step.RoundId == order.RoundId ? order : new ConsistencyOrder { RoundId = step.RoundId, Command = ConsistencyCommand.Drop };
    }

    private void LeaveUnfit()
    {
        foreach (Guid id in _present.Keys.Except(_membership.Machines.Select(static machine => machine.Id)).ToArray())
        {
            _present.Remove(id);
            Round!.Fail(id, new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = "It has left the group." });
        }

        NoteFailure();
    }

    private void NoteFailure() => LastFailure = Round?.Failure ?? LastFailure;

    private RecoveryPointType? DueSince(DateTimeOffset from, DateTimeOffset until)
    {
        (DateTimeOffset? due, RecoveryPointType type) = PointSchedule.Next(from, _membership.CrashConsistentFrequencySeconds, _membership.AppConsistentFrequencyHours);
        return due > until ? null
            : PointSchedule.Next(from, _membership.AppConsistentFrequencyHours * 3600) <= until ? RecoveryPointType.AppConsistent
            : due is null ? null : type;
    }

    private string? Missing()
    {
        GroupMember? unprotected = _membership.Machines.FirstOrDefault(static machine => machine.State != MachineState.Protected);
        GroupMember? silent = _membership.Machines.FirstOrDefault(machine => !_present.TryGetValue(machine.Id, out Presence? presence) || Now - presence.HeardAt > SilenceMax);
        return unprotected is not null ? $"'{unprotected.Name}' is in state {unprotected.State}; all must be Protected."
            : silent is not null ? $"The agent of '{silent.Name}' takes no part: it is out of reach, or too old for that."
            : null;
    }

    private sealed record Presence(Guid Run, long Number, bool IsWaiting, TimeSpan HeardAt);
}
