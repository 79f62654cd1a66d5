using System;
using Asr.Contracts;

namespace Asr.Module.Policies;

/// <summary>Times of a policy as people give them.</summary>
internal static class PolicyTimes
{
    /// <summary>The span; an error names the parameter when it is not a whole number of seconds.</summary>
    public static TimeSpan Check(TimeSpan span, string parameter) =>
        span.Ticks % TimeSpan.TicksPerSecond == 0 && span >= TimeSpan.Zero && span.TotalSeconds <= int.MaxValue
            ? span

            // A bare number is the usual reason: PowerShell takes it as ticks of 100 ns.
            : throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"-{parameter} is {span}, which is not a whole number of seconds.",
                "Write a time span, e.g. 0:05:00 for five minutes or 1.00:00:00 for a day.",
                parameter);
}
