using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Shipping;

/// <summary>
/// Takes part in the rounds of the machine's consistency group until cancelled. The appliance says when; that a point is made in any case is the <see cref="PointLoop"/>'s matter.
/// </summary>
internal sealed class SharedPointLoop(PointMaker maker, PointLoop points, IGroupCoordinator coordinator, ShippingOptions options, TimeProvider time, ILogger logger)
{
    // Longer than the appliance holds an answer back.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);

    private readonly Guid _run = Guid.NewGuid();
    private readonly AsyncSignal _changed = new();
    private readonly Lock _gate = new();
    private IReadOnlyList<DiskShipper> _disks = [];
    private bool _isGrouped;
    private long _number;

    /// <summary>Sets what to do from now on.</summary>
    public void Configure(IReadOnlyList<DiskShipper> disks, AgentAssignment assignment)
    {
        lock (_gate)
        {
            _disks = disks;
            _isGrouped = assignment.ConsistencyGroup is not null && disks.Count > 0;
        }

        _changed.Set();
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        RetryPause pause = new(options, time);
        while (true)
        {
            (IReadOnlyList<DiskShipper> disks, bool isGrouped) = Read();
            if (!isGrouped)
            {
                await _changed.WaitAsync(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
                continue;
            }

            try
            {
                ConsistencyOrder order = await coordinator.StepAsync(Number(new ConsistencyStep()), WaitMax, cancellationToken).ConfigureAwait(false);
                pause.Reset();
                if (order.Command == ConsistencyCommand.Prepare)
                {
                    await TakePartAsync(order, disks, cancellationToken).ConfigureAwait(false);
                }
                else
                {
                    // Keeps an appliance that answers at once from being asked without end.
                    await Task.Delay(options.FlushInterval, time, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (AsrException error)
            {
                ShippingLog.GroupUnreachable(logger, error.Message);
                await pause.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task TakePartAsync(ConsistencyOrder order, IReadOnlyList<DiskShipper> disks, CancellationToken cancellationToken)
    {
        points.BeginShared();
        bool isMade = false;
        try
        {
            isMade = await maker.MakeSharedAsync(new SharedRound(coordinator, order, Number, time), disks, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            points.EndShared(isMade ? null : order.Type);
        }
    }

    private ConsistencyStep Number(ConsistencyStep step) => step with { Run = _run, Number = Interlocked.Increment(ref _number) };

    private (IReadOnlyList<DiskShipper> Disks, bool IsGrouped) Read()
    {
        lock (_gate)
        {
            return (_disks, _isGrouped);
        }
    }
}
