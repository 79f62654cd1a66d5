using System;
using Asr.Contracts;

namespace Asr.Engine.Points;

/// <summary>What retention needs to know of a recovery point.</summary>
/// <param name="Id">The point.</param>
/// <param name="Time">The instant it holds, by the source's clock.</param>
/// <param name="PublishedAt">When it was published, by the appliance's clock.</param>
/// <param name="Type">Crash- or app-consistent.</param>
/// <param name="Pinned">True while a person wants it kept.</param>
/// <param name="ImmutableUntil">Until when it must not be removed by anyone, or null.</param>
/// <param name="IsShared">True when other machines have a point of the same moment.</param>
public readonly record struct PointFacts(
    Guid Id, DateTimeOffset Time, DateTimeOffset PublishedAt, RecoveryPointType Type, bool Pinned, DateTimeOffset? ImmutableUntil, bool IsShared = false)
{
    /// <summary>The facts of a point. A moment of several machines has one time for all of them, so that each machine's retention finds it in the same slot, whatever its own clock says.</summary>
    public static PointFacts Of(AsrRecoveryPoint point) => new(
        point.Id, point.MultiMachine?.Time ?? point.Time, point.PublishedAt, point.Type, point.Pinned, point.ImmutableUntil, point.MultiMachine is not null);
}
