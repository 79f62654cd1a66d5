using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Instants with applications at rest.</content>
internal sealed partial class PointMaker
{
    // How long applications wait for disks that have just been in sync to be so at one instant.
    private static readonly TimeSpan _restMax = TimeSpan.FromSeconds(5);

    // With an error there is no instant: what was taken is none of applications at rest.
    private async Task<AppOutcome> TakeAtRestAsync(IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        if (applications is null)
        {
            return Failed("Nothing here brings applications to rest.", "Ask for a crash-consistent point.");
        }

        IApplicationRest rest;
        try
        {
            rest = await applications.RestAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error)
        {
            ShippingLog.ApplicationsRestless(logger, error.Message);
            return new AppOutcome(null, AsrError.From(error));
        }

        MachinePlaces? instant = null;
        AsrError? fault;
        try
        {
            long begin = time.GetTimestamp();
            while ((instant = rest.Prepared == 0 ? null : await taker.TakeAsync(disks, cancellationToken).ConfigureAwait(false)) is null && rest.Prepared > 0 && time.GetElapsedTime(begin) < _restMax)
            {
                await Task.Delay(_syncInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            fault = await rest.ReleaseAsync().ConfigureAwait(false);
        }

        if (fault is not null)
        {
            ShippingLog.ApplicationsRestless(logger, fault.Message);
            return new AppOutcome(null, fault);
        }

        if (instant is not null)
        {
            return new AppOutcome(instant, null);
        }

        return rest.Prepared == 0
            ? NothingPrepared
            : Failed($"The disks were not in sync within {_restMax.TotalSeconds} seconds while applications were at rest.", "Try again when less is written.");
    }

    // Frozen file systems alone make no point app-consistent: what an application holds in memory is not in it.
    private static AppOutcome NothingPrepared => Failed(
        "No script brought an application to rest.", "Put scripts for the machine's applications into the agent's folder for them; one that does nothing says that there is nothing to bring to rest.");

    private static AppOutcome Failed(string message, string action) =>
        new(null, new AsrError { Code = AsrErrorCode.AppConsistencyFailed, Message = message, Action = action });

    /// <summary>What came of an attempt.</summary>
    /// <param name="Instant">The instant, or null when there was none.</param>
    /// <param name="Error">Why there is none of applications at rest, or null when it is worth asking again.</param>
    private sealed record AppOutcome(MachinePlaces? Instant, AsrError? Error);
}
