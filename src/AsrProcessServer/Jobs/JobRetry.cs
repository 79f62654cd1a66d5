using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Orleans.Runtime;
using Orleans.Storage;

namespace Asr.ProcessServer.Jobs;

/// <summary>Repeats what failed for a reason that passes: storage out of reach for a moment, a document changed meanwhile.</summary>
public static class JobRetry
{
    private static readonly TimeSpan DelayMin = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(5);

    /// <summary>True when the same call may succeed a little later.</summary>
    public static bool IsTransient(Exception error) => error switch
    {
        AsrException known => known.Code is AsrErrorCode.VaultUnavailable or AsrErrorCode.VaultFull or AsrErrorCode.Conflict
            or AsrErrorCode.ApplianceUnreachable or AsrErrorCode.SpoolFull or AsrErrorCode.SessionLost,
        InconsistentStateException or TimeoutException or OrleansException => true,
        _ => false,
    };

    /// <summary>Runs the action up to <paramref name="attemptsMax"/> times, waiting longer each time.</summary>
    public static Task RunAsync(Func<Task> action, int attemptsMax, TimeProvider time, CancellationToken cancellationToken) =>
        RunAsync(action, () => attemptsMax, time, cancellationToken);

    /// <summary>The same, where what the action has done so far decides how often it may be repeated.</summary>
    public static async Task RunAsync(Func<Task> action, Func<int> attemptsMax, TimeProvider time, CancellationToken cancellationToken)
    {
        TimeSpan delay = DelayMin;
        for (int attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await action();
                return;
            }
            catch (Exception error) when (attempt < attemptsMax() && IsTransient(error))
            {
                await Task.Delay(delay, time, cancellationToken);
                delay = delay * 2 < DelayMax ? delay * 2 : DelayMax;
            }
        }
    }
}
