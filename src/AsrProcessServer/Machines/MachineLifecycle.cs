using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Stateless;
using Stateless.Reflection;

namespace Asr.ProcessServer.Machines;

/// <summary>
/// The one table of legal transitions of <see cref="MachineState"/> (docs/states.md is printed from it). Pure: knows no clock,
/// storage or agent. An instance belongs to one decision; it is cheap to make and not thread-safe.
/// </summary>
public sealed class MachineLifecycle
{
    private const string PointNeeded = "a recovery point exists";
    private const string NoTestFailover = "no test failover is up";
    private const string CopyNeeded = "the machine is up at the recovery site (a change of the recovery point that failed leaves it without a copy: change it again, or cancel the failover)";
    private const string PlannedFailoverNeeded = "its planned failover is running";
    private const string PointsKept = "immutable recovery points are kept";
    private const string NoPointsKept = "no immutable recovery points are kept";
    private const string TestFailoverNeeded = "a test failover is up";

    // What is asked of the vault is not among them.
    private static readonly MachineOperation[] Operations = [.. Enum.GetValues<MachineOperation>().Where(static operation => Enum.IsDefined((MachineTrigger)operation))];

    private readonly StateMachine<MachineState, MachineTrigger> _machine;
    private readonly LifecycleFacts _facts;

    /// <summary>Begins a decision about a machine in this state.</summary>
    public MachineLifecycle(MachineState state, LifecycleFacts facts)
    {
        _facts = facts;
        _machine = new StateMachine<MachineState, MachineTrigger>(state);

        _machine.Configure(MachineState.Discovered)
            .Permit(MachineTrigger.EnableReplication, MachineState.InitialReplication);

        _machine.Configure(MachineState.InitialReplication)
            .Permit(MachineTrigger.InitialReplicationDone, MachineState.Protected)
            .Permit(MachineTrigger.DisableReplication, MachineState.Disabling)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Discovered, () => !facts.KeepsPoints, NoPointsKept)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Disabled, () => facts.KeepsPoints, PointsKept);

        AllowTestFailover(MachineState.Protected);
        _machine.Configure(MachineState.Protected)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .Permit(MachineTrigger.PauseReplication, MachineState.Paused)
            .Permit(MachineTrigger.Resynchronize, MachineState.Resynchronizing)
            .Permit(MachineTrigger.ResynchronizationNeeded, MachineState.Resynchronizing)
            .PermitReentry(MachineTrigger.CreateRecoveryPoint)
            .PermitReentry(MachineTrigger.VerifyReplication)
            .Permit(MachineTrigger.PlannedFailover, MachineState.FailingOver)
            .PermitIf(MachineTrigger.UnplannedFailover, MachineState.FailingOver, () => facts.HasRecoveryPoint, PointNeeded)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Paused, Before(MachineState.Paused), BeforeText(MachineState.Paused));

        AllowTestFailover(MachineState.Resynchronizing);
        _machine.Configure(MachineState.Resynchronizing)
            .Permit(MachineTrigger.ResynchronizationDone, MachineState.Protected)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .Permit(MachineTrigger.PauseReplication, MachineState.Paused)
            .PermitIf(MachineTrigger.UnplannedFailover, MachineState.FailingOver, () => facts.HasRecoveryPoint, PointNeeded)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Protected, Before(MachineState.Protected), BeforeText(MachineState.Protected))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Paused, Before(MachineState.Paused), BeforeText(MachineState.Paused));

        AllowTestFailover(MachineState.Paused);
        _machine.Configure(MachineState.Paused)
            .Permit(MachineTrigger.ResumeReplication, MachineState.Protected)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .PermitIf(MachineTrigger.UnplannedFailover, MachineState.FailingOver, () => facts.HasRecoveryPoint, PointNeeded)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Protected, Before(MachineState.Protected), BeforeText(MachineState.Protected))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Resynchronizing, Before(MachineState.Resynchronizing), BeforeText(MachineState.Resynchronizing));

        AllowTestFailover(MachineState.FailingOver);
        _machine.Configure(MachineState.FailingOver)
            .Permit(MachineTrigger.FailoverDone, MachineState.FailedOver)
            .PermitIf(MachineTrigger.FailoverCancelled, MachineState.Protected, () => !facts.KeepsPoints, NoPointsKept)
            .PermitIf(MachineTrigger.FailoverCancelled, MachineState.Disabled, () => facts.KeepsPoints, PointsKept)
            .PermitReentryIf(
                MachineTrigger.UnplannedFailover,
                new Tuple<Func<bool>, string>(() => facts.RunningOperation == MachineOperation.PlannedFailover, PlannedFailoverNeeded),
                new Tuple<Func<bool>, string>(() => facts.HasRecoveryPoint, PointNeeded))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Protected, Before(MachineState.Protected), BeforeText(MachineState.Protected))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Resynchronizing, Before(MachineState.Resynchronizing), BeforeText(MachineState.Resynchronizing))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Paused, Before(MachineState.Paused), BeforeText(MachineState.Paused))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.FailedOver, Before(MachineState.FailedOver), BeforeText(MachineState.FailedOver))
            .PermitIf(MachineTrigger.OperationFailed, MachineState.Disabled, Before(MachineState.Disabled), BeforeText(MachineState.Disabled));

        AllowTestFailover(MachineState.FailedOver);
        _machine.Configure(MachineState.FailedOver)
            .Permit(MachineTrigger.ChangeRecoveryPoint, MachineState.FailingOver)
            .Permit(MachineTrigger.CancelFailover, MachineState.FailingOver)
            .PermitIf(MachineTrigger.CommitFailover, MachineState.FailoverCommitted, () => facts.HasFailoverCopy, CopyNeeded);

        AllowTestFailover(MachineState.FailoverCommitted);
        _machine.Configure(MachineState.FailoverCommitted)
            .PermitIf(MachineTrigger.Reprotect, MachineState.Reprotecting, () => facts.HasFailoverCopy, CopyNeeded)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.FailedOver, Before(MachineState.FailedOver), BeforeText(MachineState.FailedOver));

        AllowTestFailover(MachineState.Reprotecting);
        _machine.Configure(MachineState.Reprotecting)
            .Permit(MachineTrigger.ReverseReplicationDone, MachineState.ReverseProtected)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.FailoverCommitted, Before(MachineState.FailoverCommitted), BeforeText(MachineState.FailoverCommitted));

        AllowTestFailover(MachineState.ReverseProtected);
        _machine.Configure(MachineState.ReverseProtected)
            .Permit(MachineTrigger.Failback, MachineState.FailingBack)
            .PermitReentry(MachineTrigger.CreateRecoveryPoint)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover);

        AllowTestFailover(MachineState.FailingBack);
        _machine.Configure(MachineState.FailingBack)
            .Permit(MachineTrigger.FailbackDone, MachineState.Protected)
            .Permit(MachineTrigger.FailbackUnfinished, MachineState.Resynchronizing)
            .PermitIf(MachineTrigger.OperationFailed, MachineState.ReverseProtected, Before(MachineState.ReverseProtected), BeforeText(MachineState.ReverseProtected));

        // A removal that failed half-way can only be finished: points may be gone already.
        _machine.Configure(MachineState.Disabling)
            .PermitReentry(MachineTrigger.DisableReplication)
            .PermitIf(MachineTrigger.DisableDone, MachineState.Discovered, () => !facts.KeepsPoints, NoPointsKept)
            .PermitIf(MachineTrigger.DisableDone, MachineState.Disabled, () => facts.KeepsPoints, PointsKept);

        AllowTestFailover(MachineState.Disabled);
        _machine.Configure(MachineState.Disabled)
            .PermitIf(MachineTrigger.EnableReplication, MachineState.InitialReplication, () => !facts.HasTestFailover, NoTestFailover)
            .PermitIf(MachineTrigger.DisableReplication, MachineState.Disabling, () => !facts.HasTestFailover, NoTestFailover)
            .PermitIf(MachineTrigger.UnplannedFailover, MachineState.FailingOver, () => facts.HasRecoveryPoint, PointNeeded);

        foreach (MachineState withPoints in Enum.GetValues<MachineState>().Except([MachineState.Discovered, MachineState.Disabling]))
        {
            _machine.Configure(withPoints).PermitReentryIf(MachineTrigger.ExportRecoveryPoint, () => facts.HasRecoveryPoint, PointNeeded);
        }
    }

    /// <summary>The state now.</summary>
    public MachineState State => _machine.State;

    /// <summary>Every row of the table, in the order of states and triggers.</summary>
    public static IReadOnlyList<LifecycleTransition> Table()
    {
        StateMachineInfo info = new MachineLifecycle(MachineState.Discovered, new LifecycleFacts())._machine.GetInfo();
        return info.States
            .SelectMany(state => state.FixedTransitions.Select(transition => new LifecycleTransition(
                (MachineState)state.UnderlyingState,
                (MachineTrigger)transition.Trigger.UnderlyingTrigger,
                (MachineState)transition.DestinationState.UnderlyingState,
                string.Join(" and ", transition.GuardConditionsMethodDescriptions.Select(guard => guard.Description)))))
            .OrderBy(row => row.From).ThenBy(row => row.Trigger).ThenBy(row => row.To)
            .ToArray();
    }

    /// <summary>
    /// True when a new operation may end a running one. Those on the right only wait for replication, stand beside it, or need a source that
    /// answers; losing a site, or giving up, must not wait for them.
    /// </summary>
    public static bool Supersedes(MachineOperation wanted, MachineOperation running) => (wanted, running) switch
    {
        (MachineOperation.DisableReplication, MachineOperation.EnableReplication or MachineOperation.Resynchronize
            or MachineOperation.CreateRecoveryPoint or MachineOperation.Reprotect) => true,
        (MachineOperation.UnplannedFailover, MachineOperation.Resynchronize or MachineOperation.CreateRecoveryPoint
            or MachineOperation.PauseReplication or MachineOperation.ResumeReplication or MachineOperation.TestFailover
            or MachineOperation.PlannedFailover) => true,
        _ => false,
    };

    /// <summary>
    /// True for an operation that changes nothing of the machine: its job neither waits for the machine's job nor keeps another from starting, and may be stopped half-way.
    /// </summary>
    public static bool IsBeside(MachineOperation operation) => operation is MachineOperation.ExportRecoveryPoint or MachineOperation.CheckVault or MachineOperation.VerifyReplication;

    /// <summary>What may be asked now.</summary>
    public IReadOnlyList<MachineOperation> AllowedOperations() => Operations.Where(operation => WhyNot(operation) is null).ToArray();

    /// <summary>Null when the operation is legal now, else the reason, as the end of a sentence.</summary>
    public string? WhyNot(MachineOperation operation)
    {
        if (_facts.RunningOperation is { } running && !Supersedes(operation, running) && !IsBeside(operation))
        {
            return $"its {running} job is running";
        }
        if (_machine.CanFire((MachineTrigger)operation, out ICollection<string>? unmet))
        {
            return null;
        }
        return unmet is { Count: > 0 }
            ? "it is allowed only while " + string.Join(" and ", unmet)
            : $"{operation} does not follow on {State}";
    }

    /// <summary>Accepts an operation: moves to the state in which its job runs, or throws <see cref="AsrErrorCode.OperationNotAllowed"/>.</summary>
    public MachineState Accept(MachineOperation operation, string machineName)
    {
        if (WhyNot(operation) is { } reason)
        {
            IReadOnlyList<MachineOperation> allowed = AllowedOperations();
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed,
                $"{operation} is not allowed: machine '{machineName}' is {State}, and {reason}.",
                allowed.Count == 0
                    ? "Nothing is allowed at present; wait for the running job to end."
                    : "Allowed now: " + string.Join(", ", allowed) + ".",
                machineName);
        }
        return Fire((MachineTrigger)operation);
    }

    /// <summary>True when the trigger is legal now.</summary>
    public bool CanFire(MachineTrigger trigger) => _machine.CanFire(trigger);

    /// <summary>Fires a trigger of the system itself; an illegal one is a fault of the product.</summary>
    public MachineState Fire(MachineTrigger trigger)
    {
        if (!_machine.CanFire(trigger))
        {
            throw new InvalidOperationException($"Trigger {trigger} is not legal in state {State}.");
        }
        _machine.Fire(trigger);
        return _machine.State;
    }

    private void AllowTestFailover(MachineState state)
    {
        StateMachine<MachineState, MachineTrigger>.StateConfiguration configuration = _machine.Configure(state)
            .PermitReentryIf(MachineTrigger.CleanUpTestFailover, () => _facts.HasTestFailover, TestFailoverNeeded);
        // While a job moves the machine to another side, only removing a drill would be safe, and the running job forbids that too.
        if (state is not (MachineState.FailingOver or MachineState.FailingBack or MachineState.Reprotecting))
        {
            configuration.PermitReentryIf(
                MachineTrigger.TestFailover,
                new Tuple<Func<bool>, string>(() => _facts.HasRecoveryPoint, PointNeeded),
                new Tuple<Func<bool>, string>(() => !_facts.HasTestFailover, NoTestFailover));
        }
    }

    private Func<bool> Before(MachineState state) => () => _facts.StateBeforeOperation == state;

    private static string BeforeText(MachineState state) => $"it was {state} before the operation";
}
