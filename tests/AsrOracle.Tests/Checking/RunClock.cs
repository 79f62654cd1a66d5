using System;
using System.Threading;

namespace Asr.Oracle.Tests.Checking;

/// <summary>
/// The one clock of a run: real time, but no two readings are equal, so that "before" and "after" are never a tie. Everything that takes part
/// in the run reads it, the product included.
/// </summary>
internal sealed class RunClock : TimeProvider
{
    private long _last;

    public override DateTimeOffset GetUtcNow() => new(Ticks(), TimeSpan.Zero);

    public long Ticks()
    {
        while (true)
        {
            long last = Volatile.Read(ref _last);
            long next = Math.Max(last + 1, System.GetUtcNow().UtcTicks);
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return next;
            }
        }
    }
}
