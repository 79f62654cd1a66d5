using System;
using Asr.Contracts;
using Asr.Engine.Shipping;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

public sealed class PointScheduleTests
{
    [Theory]
    [InlineData("2026-01-01T00:00:00Z", 300, "2026-01-01T00:05:00Z")]
    [InlineData("2026-01-01T00:04:59.999Z", 300, "2026-01-01T00:05:00Z")]
    [InlineData("2026-01-01T00:05:00Z", 300, "2026-01-01T00:10:00Z")]
    [InlineData("2026-01-01T05:00:00Z", 43200, "2026-01-01T12:00:00Z")]
    public void Points_are_due_at_whole_multiples(string now, int seconds, string due) =>
        Assert.Equal(DateTimeOffset.Parse(due, null), PointSchedule.Next(DateTimeOffset.Parse(now, null), seconds));

    [Fact]
    public void Without_a_frequency_none_is_due() => Assert.Null(PointSchedule.Next(DateTimeOffset.UnixEpoch, 0));

    [Theory]
    [InlineData("2026-01-01T00:59:00Z", 300, 1, "2026-01-01T01:00:00Z", RecoveryPointType.AppConsistent)]
    [InlineData("2026-01-01T01:00:00Z", 300, 1, "2026-01-01T01:05:00Z", RecoveryPointType.CrashConsistent)]
    [InlineData("2026-01-01T01:00:00Z", 300, 0, "2026-01-01T01:05:00Z", RecoveryPointType.CrashConsistent)]
    [InlineData("2026-01-01T01:00:00Z", 0, 12, "2026-01-01T12:00:00Z", RecoveryPointType.AppConsistent)]
    [InlineData("2026-01-01T00:50:00Z", 43200, 1, "2026-01-01T01:00:00Z", RecoveryPointType.AppConsistent)]
    public void What_is_due_as_both_is_app_consistent(string now, int seconds, int hours, string due, RecoveryPointType type) =>
        Assert.Equal((DateTimeOffset.Parse(due, null), type), PointSchedule.Next(DateTimeOffset.Parse(now, null), seconds, hours));
}
