using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Vault.Compaction;

/// <summary>Keeps work in the background below so many bytes a second. One caller at a time.</summary>
internal sealed class BandwidthBudget(long bytesPerSecond, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private long _spent;

    /// <summary>Notes what was read or written, and waits until the budget allows for it.</summary>
    public async Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        _spent += bytes;
        TimeSpan due = TimeSpan.FromSeconds((double)_spent / bytesPerSecond);
        TimeSpan wait = due - time.GetElapsedTime(_start);
        if (wait > TimeSpan.FromMilliseconds(10))
        {
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
