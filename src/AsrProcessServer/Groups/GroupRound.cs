using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.ProcessServer.Groups;

/// <summary>
/// One round of a consistency group. All machines get ready; then all are told to come to rest; only when every one has said that it is at rest is any told to go on, and only when every one has
/// confirmed that it was at rest until it was told is there a point. So there was a moment, after the last came to rest and before the first went on, at which all were: no clock is needed to know it.
/// Pure: steps and time in, orders out. Not safe for concurrent callers.
/// <list type="bullet">
/// <item>A machine that fails, or does not answer in the time of its stage, fails the round; every other is told to drop it at its next step, which is under way all the time.</item>
/// <item>A machine that is at rest goes on by itself once its budget is over, told or not. What it says afterwards is a failure, and the round fails if it says nothing.</item>
/// <item>The points are complete once each machine has handed in its own, which it does when every change up to it is durable. From then on they are published together.</item>
/// </list>
/// </summary>
internal sealed class GroupRound
{
    /// <summary>From the beginning until every machine is ready.</summary>
    public static readonly TimeSpan PrepareMax = TimeSpan.FromSeconds(30);

    /// <summary>The same when scripts bring applications to rest first.</summary>
    public static readonly TimeSpan PrepareAppMax = TimeSpan.FromMinutes(2);

    /// <summary>From the order to come to rest until the first machine is.</summary>
    public static readonly TimeSpan RestMax = TimeSpan.FromSeconds(2);

    /// <summary>From the first machine at rest until the last: less than an agent's budget, so that the machines are told to go on and do not find out.</summary>
    public static readonly TimeSpan HoldMax = TimeSpan.FromMilliseconds(700);

    /// <summary>From the order to go on until every machine has confirmed.</summary>
    public static readonly TimeSpan ConfirmMax = TimeSpan.FromSeconds(10);

    /// <summary>From there until every change up to the instant is durable.</summary>
    public static readonly TimeSpan PublishMax = TimeSpan.FromMinutes(5);

    private readonly Dictionary<Guid, Part> _parts;
    private readonly string _group;
    private DateTimeOffset _restedAt;
    private TimeSpan _restOrderedAt;
    private TimeSpan _heldAt;

    /// <summary>Begins a round.</summary>
    /// <param name="id">The id that its points will have in common.</param>
    /// <param name="group">Name of the group.</param>
    /// <param name="type">What is wanted.</param>
    /// <param name="machines">The machines, each of which is waiting for it.</param>
    /// <param name="now">Running time.</param>
    public GroupRound(Guid id, string group, RecoveryPointType type, IReadOnlyList<GroupMember> machines, TimeSpan now)
    {
        Id = id;
        Type = type;
        _group = group;
        _parts = machines.ToDictionary(machine => machine.Id, machine => new Part(machine));
        Deadline = now + PrepareTime;
    }

    /// <summary>The id.</summary>
    public Guid Id { get; }

    /// <summary>What is wanted.</summary>
    public RecoveryPointType Type { get; }

    /// <summary>How far it is.</summary>
    public RoundStage Stage { get; private set; }

    /// <summary>When the present stage ends in failure, in running time.</summary>
    public TimeSpan Deadline { get; private set; }

    /// <summary>Why it failed, or null.</summary>
    public RoundFailure? Failure { get; private set; }

    /// <summary>The longest rest of a machine.</summary>
    public TimeSpan LongestRest => TimeSpan.FromMilliseconds(_parts.Values.Max(static part => part.RestMs));

    /// <summary>From the order to come to rest until the last machine had confirmed.</summary>
    public TimeSpan Span => _heldAt - _restOrderedAt;

    /// <summary>The points as they are to be published; only in stage Complete.</summary>
    public IReadOnlyList<AsrRecoveryPoint> Points => [.. _parts.Values.Select(part => Finish(part.Point!))];

    private TimeSpan PrepareTime => Type == RecoveryPointType.AppConsistent ? PrepareAppMax : PrepareMax;

    /// <summary>Takes a step of a machine of the round.</summary>
    /// <param name="machineId">The machine.</param>
    /// <param name="step">The step: of this round, or one of phase Waiting.</param>
    /// <param name="now">Running time.</param>
    /// <param name="clock">Time of day.</param>
    public void Take(Guid machineId, ConsistencyStep step, TimeSpan now, DateTimeOffset clock)
    {
        if (Stage is RoundStage.Failed or RoundStage.Complete || !_parts.TryGetValue(machineId, out Part? part))
        {
            return;
        }

        switch (step.Phase)
        {
            case ConsistencyPhase.Waiting:
                // It may not have heard of the round yet, or has handed its point in. Anything else it has forgotten.
                if (part.Phase != ConsistencyPhase.Waiting && part.Point is null)
                {
                    Fail(part, new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = "Its agent has begun anew.", Action = "The next round tries again." });
                }

                break;
            case ConsistencyPhase.Failed:
                Blame(part, step.Error ?? new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = "Its agent gave no reason." });
                break;
            case ConsistencyPhase.Ready when Stage == RoundStage.Preparing:
                Advance(part, step);
                Follow(RoundStage.Resting, ConsistencyPhase.Ready, now + RestMax);
                _restOrderedAt = now;
                break;
            case ConsistencyPhase.AtRest when Stage == RoundStage.Resting:
                Deadline = _parts.Values.Any(static other => other.Phase == ConsistencyPhase.AtRest) ? Deadline : now + HoldMax;
                Advance(part, step);
                _restedAt = clock;
                Follow(RoundStage.Releasing, ConsistencyPhase.AtRest, now + ConfirmMax);
                break;
            case ConsistencyPhase.Held when Stage == RoundStage.Releasing:
                Advance(part, step);
                _heldAt = now;
                Follow(RoundStage.Publishing, ConsistencyPhase.Held, now + PublishMax);
                break;
            default:
                // Repeated, or too early to be true.
                break;
        }
    }

    /// <summary>Takes a machine's point, all of whose changes are durable. A repetition, which may name other positions of the same content, takes the place of the one before.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.ConsistencyRoundFailed"/> when the round waits for no point of the machine.</exception>
    public void HandIn(AsrRecoveryPoint point)
    {
        if (Stage != RoundStage.Publishing || !_parts.TryGetValue(point.MachineId, out Part? part))
        {
            throw Over(point);
        }

        part.Point = point;
        if (_parts.Values.All(static other => other.Point is not null))
        {
            Stage = RoundStage.Complete;
        }
    }

    /// <summary>The error of a point whose round is over.</summary>
    public static AsrException Over(AsrRecoveryPoint point) => new(
        AsrErrorCode.ConsistencyRoundFailed,
        $"The round {point.MultiMachine?.Id} of the consistency group of '{point.MachineName}' is over: this point is not published.",
        "The machine's events tell why; the next round tries again.",
        point.Id.ToString());

    /// <summary>Looks at the time.</summary>
    public void Tick(TimeSpan now)
    {
        if (Stage is RoundStage.Failed or RoundStage.Complete || now < Deadline)
        {
            return;
        }

        (Part late, string what) = Stage switch
        {
            RoundStage.Preparing => (FirstNot(ConsistencyPhase.Ready), $"It was not ready within {PrepareTime.TotalSeconds:0} seconds."),
            RoundStage.Resting => (FirstNot(ConsistencyPhase.AtRest), $"It did not come to rest in time: other machines that are at rest can wait {HoldMax.TotalMilliseconds:0} ms."),
            RoundStage.Releasing => (FirstNot(ConsistencyPhase.Held), "It did not confirm that it was at rest until it was told to go on."),
            _ => (_parts.Values.First(static part => part.Point is null), $"Its changes up to the instant were not durable within {PublishMax.TotalMinutes:0} minutes."),
        };
        Fail(late, new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = what, Action = "Check the machine, its agent and its network; the next round tries again." });
    }

    /// <summary>What a machine is to do.</summary>
    public ConsistencyOrder OrderFor(Guid machineId) => !_parts.TryGetValue(machineId, out Part? part)
        ? new ConsistencyOrder()
        : new ConsistencyOrder
        {
            RoundId = Id,
            Type = Type,
            Command = (Stage, part.Phase) switch
            {
                (RoundStage.Failed or RoundStage.Complete, _) => ConsistencyCommand.Drop,
                (RoundStage.Preparing, ConsistencyPhase.Waiting) => ConsistencyCommand.Prepare,
                (RoundStage.Resting, ConsistencyPhase.Ready) => ConsistencyCommand.Rest,
                (RoundStage.Releasing, ConsistencyPhase.AtRest) => ConsistencyCommand.Release,
                (RoundStage.Publishing, ConsistencyPhase.Held) => ConsistencyCommand.Publish,
                _ => ConsistencyCommand.Wait,
            },
        };

    /// <summary>Ends the round because of a machine that is none of its own any more, or cannot take part.</summary>
    public void Fail(Guid machineId, AsrError error)
    {
        if (_parts.TryGetValue(machineId, out Part? part))
        {
            Fail(part, error);
        }
    }

    private static void Advance(Part part, ConsistencyStep step)
    {
        part.Phase = step.Phase;
        part.AppError ??= step.Error;
        part.RestMs = Math.Max(part.RestMs, step.RestMs);
    }

    private void Follow(RoundStage next, ConsistencyPhase all, TimeSpan deadline)
    {
        if (_parts.Values.All(part => part.Phase == all))
        {
            (Stage, Deadline) = (next, deadline);
        }
    }

    // A machine that could not wait any longer is not to blame for it while another had not come to rest.
    private void Blame(Part part, AsrError error)
    {
        bool isVictim = error.Code == AsrErrorCode.ConsistencyRoundFailed && Stage == RoundStage.Resting && part.Phase == ConsistencyPhase.AtRest;
        if (isVictim && _parts.Values.FirstOrDefault(static other => other.Phase != ConsistencyPhase.AtRest) is { } late)
        {
            Fail(late, error with { Message = $"It did not come to rest while '{part.Machine.Name}' could wait for it." });
            return;
        }

        Fail(part, error);
    }

    private Part FirstNot(ConsistencyPhase phase) => _parts.Values.First(part => part.Phase != phase);

    private void Fail(Part part, AsrError error)
    {
        if (Stage is not (RoundStage.Failed or RoundStage.Complete))
        {
            Failure = new RoundFailure(part.Machine, error);
            Stage = RoundStage.Failed;
        }
    }

    // What all have in common: whether every machine's applications were at rest, and the moment.
    private AsrRecoveryPoint Finish(AsrRecoveryPoint point)
    {
        Part? restless = Type == RecoveryPointType.AppConsistent ? _parts.Values.FirstOrDefault(static part => part.AppError is not null) : null;
        return point with
        {
            Type = restless is null ? Type : RecoveryPointType.CrashConsistent,
            AppConsistencyError = restless?.AppError is { } error ? error with { Message = $"On '{restless.Machine.Name}': {error.Message}" } : null,
            MultiMachine = new MultiMachinePoint
            {
                Id = Id,
                ConsistencyGroup = _group,
                Time = _restedAt,
                MachineIds = [.. _parts.Keys],
                SpanMs = Math.Round(Span.TotalMilliseconds, 1),
            },
        };
    }

    private sealed class Part(GroupMember machine)
    {
        public GroupMember Machine { get; } = machine;

        public ConsistencyPhase Phase { get; set; }

        public AsrError? AppError { get; set; }

        public double RestMs { get; set; }

        public AsrRecoveryPoint? Point { get; set; }
    }
}

/// <summary>How far a round is.</summary>
internal enum RoundStage
{
    /// <summary>Machines get ready.</summary>
    Preparing,

    /// <summary>Machines come to rest.</summary>
    Resting,

    /// <summary>All were seen at rest and go on.</summary>
    Releasing,

    /// <summary>All have confirmed; their points are awaited.</summary>
    Publishing,

    /// <summary>All points are there.</summary>
    Complete,

    /// <summary>There will be none.</summary>
    Failed,
}

/// <summary>Why a round failed.</summary>
/// <param name="Machine">Which machine.</param>
/// <param name="Error">Why.</param>
internal sealed record RoundFailure(GroupMember Machine, AsrError Error);
