using System;
using Asr.Contracts;

namespace Asr.ProcessServer.Upkeep;

/// <summary>How fast the regular scrub reads, so that it has seen everything when its time is over and no faster. Pure.</summary>
internal static class ScrubPace
{
    /// <summary>The time in which everything is to be seen once.</summary>
    public static readonly TimeSpan Cycle = TimeSpan.FromDays(7);

    /// <summary>No slower: small vaults are done in hours.</summary>
    public const long BytesPerSecondMin = 2L << 20;

    /// <summary>No faster: replication and drills come first, and a scrub that is late is late.</summary>
    public const long BytesPerSecondMax = 32L << 20;

    /// <summary>Bytes a second from now on.</summary>
    /// <param name="check">How far it is.</param>
    /// <param name="objectsTotal">Objects to be seen altogether.</param>
    /// <param name="now">The present.</param>
    public static long BytesPerSecond(AsrVaultCheck check, long objectsTotal, DateTimeOffset now)
    {
        // A fifth of the time is kept for what comes into being meanwhile and for times when the appliance is down.
        double secondsLeft = (check.StartTime + (Cycle * 0.8) - now).TotalSeconds;
        double bytesLeft = check.ObjectsChecked == 0 ? 0 : (double)check.BytesChecked / check.ObjectsChecked * Math.Max(0, objectsTotal - check.ObjectsChecked);
        double wanted = secondsLeft <= 0 ? BytesPerSecondMax : bytesLeft / secondsLeft;
        return (long)Math.Clamp(wanted, BytesPerSecondMin, BytesPerSecondMax);
    }
}
