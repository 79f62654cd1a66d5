using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Shipping;

/// <summary>
/// A machine's part in one round of its consistency group, from the order to get ready on: tells the coordinator each phase and waits for the order that follows it. Answers that are lost are asked
/// for again with a new step of the same phase. One caller at a time.
/// </summary>
internal sealed class SharedRound(IGroupCoordinator coordinator, ConsistencyOrder prepare, Func<ConsistencyStep, ConsistencyStep> number, TimeProvider time) : ISharedRest
{
    // The slowest machine's applications have so long to come to rest.
    private static readonly TimeSpan ReadyMax = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ConfirmMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FailureMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>The id that the points of all machines have in common.</summary>
    public Guid Id => prepare.RoundId;

    /// <summary>Whether applications are to be brought to rest.</summary>
    public RecoveryPointType Type => prepare.Type;

    /// <summary>True once the machine was told to come to rest: from then on there is no second try.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Why this machine's applications are not at rest, or null; told with the next phase.</summary>
    public AsrError? AppError { get; set; }

    /// <inheritdoc/>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        await PassAsync(new ConsistencyStep { Phase = ConsistencyPhase.Ready, Error = AppError }, ConsistencyCommand.Rest, ReadyMax, Pause, cancellationToken).ConfigureAwait(false);
        IsReady = true;
    }

    /// <inheritdoc/>
    public Task AtRestAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        PassAsync(new ConsistencyStep { Phase = ConsistencyPhase.AtRest }, ConsistencyCommand.Release, timeout, TimeSpan.FromMilliseconds(5), cancellationToken);

    /// <summary>Tells that the machine was at rest until it was released; ends when that is known of all.</summary>
    public Task HeldAsync(TimeSpan rest, CancellationToken cancellationToken) => PassAsync(
        new ConsistencyStep { Phase = ConsistencyPhase.Held, Error = AppError, RestMs = rest.TotalMilliseconds }, ConsistencyCommand.Publish, ConfirmMax, Pause, cancellationToken);

    /// <summary>Tells that this machine takes no part any more. Best effort: a coordinator that does not hear it misses what should have come.</summary>
    public async Task FailAsync(AsrError error, CancellationToken cancellationToken)
    {
        try
        {
            await coordinator.StepAsync(number(new ConsistencyStep { Phase = ConsistencyPhase.Failed, RoundId = Id, Error = error }), FailureMax, cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException)
        {
            // Its time will run out.
        }
    }

    private async Task PassAsync(ConsistencyStep step, ConsistencyCommand awaited, TimeSpan timeout, TimeSpan pause, CancellationToken cancellationToken)
    {
        long begun = time.GetTimestamp();
        AsrException? last = null;
        while (timeout - time.GetElapsedTime(begun) is { Ticks: > 0 } left)
        {
            try
            {
                ConsistencyOrder order = await coordinator.StepAsync(number(step with { RoundId = Id }), left, cancellationToken).ConfigureAwait(false);
                if (order.RoundId == Id && order.Command == awaited)
                {
                    return;
                }

                if (order.RoundId != Id || order.Command == ConsistencyCommand.Drop)
                {
                    throw new RoundOverException();
                }
            }
            catch (AsrException error) when (error is not RoundOverException)
            {
                last = error;
                await Task.Delay(left < pause ? left : pause, time, cancellationToken).ConfigureAwait(false);
            }
        }

        throw new AsrException(
            AsrErrorCode.ConsistencyRoundFailed,
            $"The appliance did not answer step {step.Phase} within {timeout.TotalMilliseconds:0} ms{(last is null ? "." : $": {last.Message}")}",
            "Check the network between the machine and the appliance; the next round tries again.",
            inner: last);
    }
}

/// <summary>The coordinator has ended the round, so there is nothing to tell it.</summary>
internal sealed class RoundOverException() : AsrException(
    AsrErrorCode.ConsistencyRoundFailed, "The round of the consistency group is over: one of its machines failed.", "The group's machines show which; the next round tries again.");
