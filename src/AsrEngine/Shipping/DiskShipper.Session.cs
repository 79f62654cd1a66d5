using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Engine.Shipping;

/// <content>Sessions: becoming the writer, and what that says about the disk.</content>
internal sealed partial class DiskShipper
{
    private ReplicationSession? _session;
    private bool _hadSession;

    /// <summary>
    /// The position of a change, or null when it is no longer part of the stream. It names the session's epoch, whichever the change was sent under: what an earlier one
    /// took is in the parent, and only the present one may publish. A disk at rest would else have no more points after a new session.
    /// </summary>
    public StreamPosition? PositionOf(CaptureInstant instant) =>
        instant.StreamNumber == Ledger.StreamNumber && Volatile.Read(ref _session) is { } session ? new StreamPosition(session.Epoch, instant.Sequence) : null;

    private async Task OpenSessionAsync(CancellationToken cancellationToken)
    {
        RetryPause pause = new(_options, _time);
        while (true)
        {
            try
            {
                await NegotiateAsync(cancellationToken).ConfigureAwait(false);
                _linkError = null;
                return;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                _linkError = AsrError.From(error);
                ShippingLog.SessionRefused(_logger, Capture.Id, error);
            }

            await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task NegotiateAsync(CancellationToken cancellationToken)
    {
        IActivityLog activity = Capture.Activity;
        ReplicationSession session = await _sink.OpenSessionAsync(
            Capture.Id,
            new OpenSessionRequest
            {
                Nonce = activity.SessionNonce,
                MachineId = _machineId,
                SizeBytes = Capture.Length,

                // Epochs only rise: a log that knows a later one has used the base already, and the stream goes on at its head.
                Base = Base is { } wanted && activity.Position.Epoch <= wanted.Epoch ? wanted : null,
            },
            cancellationToken).ConfigureAwait(false);

        bool goesOn = _session is { } last
            && session.Parent.Epoch == last.Epoch
            && _window.TryContinue(session.Epoch, session.NextSequence, Ledger.FirstQueuedSequence);
        if (!goesOn)
        {
            DropStream();
        }

        // Before the stream starts: an instant of the new stream must not meet the old one's watermarks.
        StartWatermarks(session.NextSequence - 1);
        if (goesOn)
        {
            // Recorded before anything travels under the new epoch: after a crash the log must know it.
            activity.SetPosition(new StreamPosition(session.Epoch, activity.Position.Sequence));
        }
        else
        {
            StartStream(session);
        }

        Volatile.Write(ref _session, session);
        _hadSession = true;
        ShippingLog.SessionOpened(_logger, Capture.Id, session.Epoch, session.NextSequence, goesOn);
    }

    /// <summary>
    /// Decides what a new stream has to carry. The cases:
    /// the replica is empty: everything that is not zeros; the log vouches for the disk: what it has marked; else everything, after comparing.
    /// </summary>
    private void StartStream(ReplicationSession session)
    {
        IActivityLog activity = Capture.Activity;
        StreamPosition known = activity.Position;
        _replicaIsEmpty = session.Parent.Sequence == 0;
        string? doubt = _replicaIsEmpty ? null : Doubt(activity, known, session.Parent);
        bool takesAll = _replicaIsEmpty || doubt is not null;
        if (takesAll)
        {
            Ledger.MakeAllPending();
        }

        // Where all is marked the log claims nothing, so any sequence would be true; 0 asks the least of a later session's parent.
        activity.SetPosition(new StreamPosition(session.Epoch, takesAll ? 0 : known.Sequence));
        BeginPhase(takesAll, doubt);
        Ledger.StartStream(session.NextSequence, takesAll || CoversAll || Ledger.IsWorthComparing);
    }

    private string? Doubt(IActivityLog activity, StreamPosition known, StreamPosition parent)
    {
        if (!_hadSession && activity.OpenedAs is not (ActivityLogState.New or ActivityLogState.Trusted))
        {
            return activity.OpenedAs switch
            {
                ActivityLogState.Rebooted when Capture.IsTracked => "The machine restarted, and what was written before the agent started was not tracked.",
                ActivityLogState.Rebooted => "The machine restarted without an orderly end of the agent.",
                ActivityLogState.TrackingLost => "The tracking of writes to the disk was removed while the agent was stopped.",
                ActivityLogState.SourceChanged => "The disk was changed while the agent was stopped.",
                ActivityLogState.Corrupt => "The activity log is damaged.",
                _ => "The size of the disk has changed.",
            };
        }

        if (known.Epoch == 0)
        {
            return "The disk has no activity log and its replica exists already.";
        }

        if (known.Epoch != parent.Epoch)
        {
            return $"The replica was written under epoch {parent.Epoch}, the activity log knows {known.Epoch}.";
        }

        return parent.Sequence < known.Sequence
            ? $"The replica ends at change {parent.Sequence}, the activity log relies on {known.Sequence}."
            : null;
    }
}
