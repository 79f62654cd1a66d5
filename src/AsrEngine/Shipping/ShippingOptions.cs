using System;
using Asr.Contracts;

namespace Asr.Engine.Shipping;

/// <summary>How a machine's changes are shipped, and how it is described in points and reports.</summary>
public sealed record ShippingOptions
{
    /// <summary>Name of the machine, for its recovery points.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>Version of the program, for reports.</summary>
    public string AgentVersion { get; init; } = "";

    /// <summary>Where the machine runs: <see cref="ActiveLocation.Primary"/> for an agent at the original site.</summary>
    public ActiveLocation Source { get; init; } = ActiveLocation.Primary;

    /// <summary>How long a small write waits for company before its batch leaves; default 100 ms. A recovery point does not wait.</summary>
    public TimeSpan FlushInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often progress is asked for while the vault lags behind; default 250 ms.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often an instant is noted while something changes, hence how fine a time can be opened between points; default 1 s.</summary>
    public TimeSpan InstantInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an instant is noted while nothing changes; default 10 s.</summary>
    public TimeSpan InstantIdleInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the tracking of a disk is checked for losses; default 1 s.</summary>
    public TimeSpan CheckInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long what is written to a tracked disk may wait to be read; default 30 s. A recovery point does not wait. Blocks that are written again and again meanwhile are
    /// read once.
    /// </summary>
    public TimeSpan DrainInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Bytes written to a tracked disk from which on they are read without waiting; default 64 MiB. The next recovery point has no more than that to catch up with, which takes
    /// about a second.
    /// </summary>
    public long DrainBytes { get; init; } = 64 << 20;

    /// <summary>How often a disk is compared in full whose writes cannot be tracked; default 5 minutes. A recovery point asks at once.</summary>
    public TimeSpan ScanInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long file systems may be frozen for a recovery point of tracked disks; default 1 s.</summary>
    public TimeSpan FreezeBudget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>First pause before something is tried again; default 200 ms. It doubles up to <see cref="RetryDelayMax"/>.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest pause before something is tried again; default 10 s.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(10);
}
