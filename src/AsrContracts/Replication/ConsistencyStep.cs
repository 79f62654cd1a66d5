using System;

namespace Asr.Contracts;

/// <summary>
/// What a machine of a consistency group has come to, told to the group's coordinator; the answer, a <see cref="ConsistencyOrder"/>, says what follows and is held back until something
/// does. Steps may be lost, repeated and late: <see cref="Run"/> and <see cref="Number"/> put them in order.
/// </summary>
public sealed record ConsistencyStep
{
    /// <summary>Chosen when the agent started: another one means that all that an earlier one promised is void.</summary>
    public Guid Run { get; init; }

    /// <summary>Rises with every step of a run; a step that is not above the last counts for nothing.</summary>
    public long Number { get; init; }

    /// <summary>What it has come to.</summary>
    public ConsistencyPhase Phase { get; init; }

    /// <summary>The round it speaks of; empty while it waits for one.</summary>
    public Guid RoundId { get; init; }

    /// <summary>In phase Failed: why. In Ready and Held: why its applications are not at rest, or did not go on, though that was asked; else null.</summary>
    public AsrError? Error { get; init; }

    /// <summary>In phase Held: milliseconds for which it was at rest.</summary>
    public double RestMs { get; init; }
}

/// <summary>How far a machine is in a round.</summary>
public enum ConsistencyPhase
{
    /// <summary>It takes part in no round and waits for the next.</summary>
    Waiting = 0,

    /// <summary>Little is left to be sent; it can come to rest at once.</summary>
    Ready = 1,

    /// <summary>It is at rest, and holds that until it is told to go on or its budget is over.</summary>
    AtRest = 2,

    /// <summary>It goes on, and was at rest until it was told to: the proof that all were so at one moment.</summary>
    Held = 3,

    /// <summary>It takes no part in the round any more; nothing of it is at rest.</summary>
    Failed = 4,
}

/// <summary>What a machine of a consistency group is to do.</summary>
public sealed record ConsistencyOrder
{
    /// <summary>The round that is meant; empty when there is none.</summary>
    public Guid RoundId { get; init; }

    /// <summary>What to do.</summary>
    public ConsistencyCommand Command { get; init; }

    /// <summary>With Prepare: whether applications are to be brought to rest.</summary>
    public RecoveryPointType Type { get; init; }
}

/// <summary>What a machine is to do next.</summary>
public enum ConsistencyCommand
{
    /// <summary>Nothing yet: ask again with a new step of the same phase.</summary>
    Wait = 0,

    /// <summary>Get ready.</summary>
    Prepare = 1,

    /// <summary>Come to rest and tell so.</summary>
    Rest = 2,

    /// <summary>Every machine is at rest: go on, and tell whether this one was at rest until now.</summary>
    Release = 3,

    /// <summary>Every machine was: publish the point.</summary>
    Publish = 4,

    /// <summary>The round has failed or is over: go on, and drop what was taken for it.</summary>
    Drop = 5,
}
