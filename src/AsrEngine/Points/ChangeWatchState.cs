using System;
using System.Collections.Generic;

namespace Asr.Engine.Points;

/// <summary>What <see cref="ChangeWatch"/> knows of one machine. A document of the vault, so that a restart forgets nothing.</summary>
public sealed record ChangeWatchState
{
    /// <summary>Intervals seen, as far as they are counted.</summary>
    public int Observed { get; init; }

    /// <summary>How long the machine has been watched, times between that were not judged left out.</summary>
    public TimeSpan Watched { get; init; }

    /// <summary>Time of the last point judged.</summary>
    public DateTimeOffset JudgedUntil { get; init; }

    /// <summary>Time of the last point at which there was no more opaque content than usual. Null before the first.</summary>
    public DateTimeOffset? CalmUntil { get; init; }

    /// <summary>How much opaque content there was of late: in about ten minutes, in about six hours.</summary>
    public IReadOnlyList<ChangeLevel> Levels { get; init; } = [];

    /// <summary>The highest levels of each hour of the last days, oldest first.</summary>
    public IReadOnlyList<HourPeak> Peaks { get; init; } = [];

    /// <summary>The incident under way, or null.</summary>
    public ChangeIncident? Incident { get; init; }
}

/// <summary>Bytes of opaque content, those of earlier counted less.</summary>
/// <param name="Bytes">Now.</param>
/// <param name="UsualBytes">The mean of it.</param>
public sealed record ChangeLevel(double Bytes, double UsualBytes);

/// <summary>The highest levels of one hour.</summary>
/// <param name="Hour">Hours since the year 1, UTC.</param>
/// <param name="Levels">The levels, in bytes, in the order of <see cref="ChangeWatchState.Levels"/>.</param>
public sealed record HourPeak(long Hour, IReadOnlyList<double> Levels);

/// <summary>A time of unusual changes.</summary>
public sealed record ChangeIncident
{
    /// <summary>Time of the point that showed it first.</summary>
    public DateTimeOffset RaisedAt { get; init; }

    /// <summary>Where the unusual changes began: a point at or before it has none of them, or next to none.</summary>
    public DateTimeOffset SuspectSince { get; init; }

    /// <summary>Time of the last point that showed it.</summary>
    public DateTimeOffset LastSeen { get; init; }

    /// <summary>The figures, in words.</summary>
    public string Figures { get; init; } = "";
}
