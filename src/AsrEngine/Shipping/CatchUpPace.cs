using System;

namespace Asr.Engine.Shipping;

/// <summary>
/// Makes catch-up rest while the workload outruns it. When more regions are written past the stream than catch-up takes in the same time, no amount of
/// haste makes the replica equal: most of what is read will be read again, and the processor and the disk that it takes are missing to the workload.
/// Then catch-up works a quarter of the time only. It goes on at full speed as soon as it is the faster one. Not thread-safe.
/// </summary>
internal sealed class CatchUpPace(TimeProvider time)
{
    /// <summary>Regions in one measurement; too few would judge by chance.</summary>
    public const int WindowRegionsMin = 128;

    private const int RestsPerWork = 3;

    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(1);

    private long _start;
    private long _passedBy;
    private long _taken;

    /// <summary>Notes that catch-up begins, or goes on after a rest.</summary>
    /// <param name="passedBy">Regions written past the stream so far.</param>
    public void Begin(long passedBy)
    {
        _start = time.GetTimestamp();
        _passedBy = passedBy;
        _taken = 0;
    }

    /// <summary>Notes regions taken into the stream; true when the workload has outrun catch-up since it began. Then it is time to rest.</summary>
    /// <param name="regions">Regions taken since the last call.</param>
    /// <param name="passedBy">Regions written past the stream so far.</param>
    public bool IsOutrun(int regions, long passedBy)
    {
        _taken += regions;
        if (_taken < WindowRegionsMin)
        {
            return false;
        }

        if (passedBy - _passedBy > _taken)
        {
            return true;
        }

        Begin(passedBy);
        return false;
    }

    /// <summary>How long to rest once what was taken has been shipped, which is most of the work.</summary>
    public TimeSpan Rest()
    {
        TimeSpan rest = time.GetElapsedTime(_start) * RestsPerWork;
        return rest < RestMax ? rest : RestMax;
    }
}
