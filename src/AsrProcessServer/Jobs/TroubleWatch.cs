using System;
using System.Linq;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs;

/// <summary>
/// Tells a source that is only slow from one that cannot get on: it reports an error, and nothing it counts has moved for a while. Without this a job would
/// wait for ever for, say, a disk that cannot be read. One caller at a time.
/// </summary>
internal sealed class TroubleWatch(TimeProvider time, TimeSpan max)
{
    private (AsrErrorCode Code, double? Percent, long Bytes)? _seen;
    private long _since;

    /// <summary>Takes the newest report; throws what it complains of once that has lasted too long.</summary>
    /// <exception cref="AsrException">The trouble, under its own code.</exception>
    public void Check(AgentReport? report, string machineName)
    {
        if (report?.Error is not { } error)
        {
            _seen = null;
            return;
        }
        (AsrErrorCode, double?, long) now = (error.Code, report.ProgressPercent, report.FailbackBytesMoved + report.Disks.Sum(disk => disk.SentBytes));
        if (_seen != now)
        {
            _seen = now;
            _since = time.GetTimestamp();
            return;
        }
        if (time.GetElapsedTime(_since) >= max)
        {
            throw new AsrException(
                error.Code,
                $"'{machineName}' has not got any further for {max.TotalSeconds:0} seconds: {error.Message}",
                error.Action ?? "Mend what it complains of and repeat the operation.",
                error.Target ?? machineName);
        }
    }
}
