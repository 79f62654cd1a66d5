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
public readonly record struct PointFacts(
    Guid Id, DateTimeOffset Time, DateTimeOffset PublishedAt, RecoveryPointType Type, bool Pinned, DateTimeOffset? ImmutableUntil)
{
    /// <summary>The facts of a point.</summary>
    public static PointFacts Of(AsrRecoveryPoint point) => new(point.Id, point.Time, point.PublishedAt, point.Type, point.Pinned, point.ImmutableUntil);
}
