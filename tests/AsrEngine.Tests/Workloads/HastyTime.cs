using System;
using System.Threading;

namespace Asr.Engine.Tests.Workloads;

/// <summary>Time as it is, except that the waits of the engine's retries end at once; what is done every few minutes is not meant.</summary>
internal sealed class HastyTime : TimeProvider
{
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromMinutes(1);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime > TimeSpan.Zero && dueTime < RetryDelayMax ? TimeSpan.FromMilliseconds(1) : dueTime, period);
}
