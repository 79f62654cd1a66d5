using System;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Groups;

/// <summary>Log messages of consistency groups; event ids 4300 to 4399.</summary>
internal static partial class GroupsLog
{
    [LoggerMessage(4300, LogLevel.Information, "Round {RoundId} of consistency group {Group}: {Count} machines were at rest at one moment within {SpanMs:0.0} ms, the longest for {RestMs:0.0} ms")]
    public static partial void RoundComplete(ILogger logger, Guid roundId, string group, int count, double spanMs, double restMs);

    [LoggerMessage(4301, LogLevel.Warning, "Round {RoundId} of consistency group {Group} failed at {Machine}: {Reason}")]
    public static partial void RoundFailed(ILogger logger, Guid roundId, string group, string machine, string reason);

    [LoggerMessage(4302, LogLevel.Warning, "Consistency group {Group} could not be looked after")]
    public static partial void LookFailed(ILogger logger, string group, Exception error);
}
