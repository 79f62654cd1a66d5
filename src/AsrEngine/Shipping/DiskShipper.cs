using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Shipping;

/// <summary>
/// Keeps one disk's stream going: opens sessions, sends what is captured, catches up what is pending, follows the watermarks. A session ends when the
/// process server no longer knows it; the next one goes on where it can, else what is not in the vault becomes pending.
/// The workload never waits for any of it. Runs as one task from <see cref="RunAsync"/>; the properties may be read at any time.
/// </summary>
internal sealed partial class DiskShipper
{
    private readonly Guid _machineId;
    private readonly IReplicationSink _sink;
    private readonly IReplicaSource _replica;
    private readonly IQuiescence? _quiescence;
    private readonly ShippingOptions _options;
    private readonly AsyncSignal _news;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ShipWindow _window = new();
    private readonly TaskCompletionSource _firstSession = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile AsrError? _linkError;
    private volatile AsrError? _diskError;

    public DiskShipper(
        DiskCapture capture, Guid machineId, IReplicationSink sink, IReplicaSource replica, IQuiescence? quiescence, ShippingOptions options, AsyncSignal news, TimeProvider time, ILogger logger)
    {
        Capture = capture;
        _machineId = machineId;
        _sink = sink;
        _replica = replica;
        _quiescence = quiescence;
        _options = options;
        _news = news;
        _time = time;
        _logger = logger;
        Ledger.WakeAt(BatchRawBytes);
    }

    public DiskCapture Capture { get; }

    /// <summary>The position that the disk equals after a failover or failback, from the assignment; used by the first session after it only.</summary>
    public StreamPosition? Base { get; set; }

    /// <summary>What this disk shares with the machine's others.</summary>
    public required MachineBandwidth Bandwidth { get; init; }

    /// <summary>Called each time a phase of the disk ends.</summary>
    public Action? PhaseEnded { get; init; }

    /// <summary>Ends once the disk has its first session.</summary>
    public Task FirstSession => _firstSession.Task;

    /// <summary>What keeps the disk from replicating, or null. A disk that cannot be read comes before a link that does not answer.</summary>
    public AsrError? Error => _diskError ?? _linkError;

    /// <summary>True while the stream equals the disk; of a tracked disk, while it follows what is written.</summary>
    public bool IsInSync => Ledger.IsStreaming && (Capture.IsTracked ? !IsInPhase : Ledger.PendingRegions == 0);

    private CaptureLedger Ledger => Capture.Ledger;

    /// <summary>Runs until cancelled. Then nothing is sent any more and everything not known to be in the vault is pending.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        RetryPause pause = new(_options, _time);
        try
        {
            while (true)
            {
                await OpenSessionAsync(cancellationToken).ConfigureAwait(false);
                _firstSession.TrySetResult();
                Exception cause = await RunSessionAsync(cancellationToken).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                ShippingLog.SessionEnded(_logger, Capture.Id, _session!.Epoch, cause);
                if (cause is AsrException { Code: AsrErrorCode.SessionLost })
                {
                    pause.Reset();
                }
                else
                {
                    _linkError = AsrError.From(cause);
                    await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
                }

                if (cause is not AsrException { Code: AsrErrorCode.SessionLost or AsrErrorCode.WriterFenced or AsrErrorCode.SequenceGap })
                {
                    // A batch that the receiver cannot read, or a fault of ours: what was made of those changes is not worth keeping.
                    DropStream();
                }
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The orderly way out. A link that failed in the same moment is no one's concern any more.
        }
        finally
        {
            DropStream();
            _firstSession.TrySetCanceled(CancellationToken.None);
        }
    }

    // Returns why the session ended, once nothing of it is under way any more.
    private async Task<Exception> RunSessionAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource session = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        TaskCompletionSource<Exception> cause = new(TaskCreationOptions.RunContinuationsAsynchronously);

        async Task Guard(Func<CancellationToken, Task> loop)
        {
            try
            {
                await loop(session.Token).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                // The first error is the reason; what follows is the others being told to stop.
                cause.TrySetResult(error);
                await session.CancelAsync().ConfigureAwait(false);
            }
        }

        await Task.WhenAll(new Func<CancellationToken, Task>[] { SendAsync, CatchUpAsync, FollowAsync }.Select(Guard)).ConfigureAwait(false);
        return await cause.Task.ConfigureAwait(false);
    }

    private void DropStream()
    {
        _window.Clear();
        Ledger.EndStream();
        _session = null;
    }
}
