using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Xunit;

namespace Asr.ProcessServer.Tests.Machines;

public sealed class MachineLifecycleTests
{
    private static readonly LifecycleFacts WithPoint = new() { HasRecoveryPoint = true, HasFailoverCopy = true };

    public static TheoryData<MachineState, MachineOperation[]> AllowedWithPoint => new()
    {
        { MachineState.Discovered, [MachineOperation.EnableReplication] },
        { MachineState.InitialReplication, [MachineOperation.DisableReplication, MachineOperation.ExportRecoveryPoint] },
        {
            MachineState.Protected,
            [
                MachineOperation.DisableReplication, MachineOperation.PauseReplication, MachineOperation.Resynchronize, MachineOperation.CreateRecoveryPoint,
                MachineOperation.TestFailover, MachineOperation.PlannedFailover, MachineOperation.UnplannedFailover,
                MachineOperation.ExportRecoveryPoint, MachineOperation.VerifyReplication,
            ]
        },
        {
            MachineState.Resynchronizing,
            [MachineOperation.DisableReplication, MachineOperation.PauseReplication, MachineOperation.TestFailover, MachineOperation.UnplannedFailover, MachineOperation.ExportRecoveryPoint]
        },
        {
            MachineState.Paused,
            [MachineOperation.DisableReplication, MachineOperation.ResumeReplication, MachineOperation.TestFailover, MachineOperation.UnplannedFailover, MachineOperation.ExportRecoveryPoint]
        },
        { MachineState.FailingOver, [MachineOperation.ExportRecoveryPoint] },
        {
            MachineState.FailedOver,
            [MachineOperation.TestFailover, MachineOperation.ChangeRecoveryPoint, MachineOperation.CommitFailover, MachineOperation.CancelFailover, MachineOperation.ExportRecoveryPoint]
        },
        { MachineState.FailoverCommitted, [MachineOperation.DisableReplication, MachineOperation.TestFailover, MachineOperation.Reprotect, MachineOperation.ExportRecoveryPoint] },
        { MachineState.Reprotecting, [MachineOperation.DisableReplication, MachineOperation.ExportRecoveryPoint] },
        {
            MachineState.ReverseProtected,
            [MachineOperation.DisableReplication, MachineOperation.CreateRecoveryPoint, MachineOperation.TestFailover, MachineOperation.Failback, MachineOperation.ExportRecoveryPoint]
        },
        { MachineState.FailingBack, [MachineOperation.ExportRecoveryPoint] },
        { MachineState.Disabling, [MachineOperation.DisableReplication] },
        {
            MachineState.Disabled,
            [MachineOperation.EnableReplication, MachineOperation.DisableReplication, MachineOperation.TestFailover, MachineOperation.UnplannedFailover, MachineOperation.ExportRecoveryPoint]
        },
    };

    [Theory]
    [MemberData(nameof(AllowedWithPoint))]
    public void States_allow_exactly_these_operations(MachineState state, MachineOperation[] expected)
    {
        Assert.Equal(expected.Order(), new MachineLifecycle(state, WithPoint).AllowedOperations());
    }

    [Fact]
    public void Every_state_and_every_operation_is_in_the_table()
    {
        IReadOnlyList<LifecycleTransition> table = MachineLifecycle.Table();
        Assert.Equal(Enum.GetValues<MachineState>(), table.Select(row => row.From).Distinct().Order());
        Assert.Equal(Enum.GetValues<MachineTrigger>(), table.Select(row => row.Trigger).Distinct().Order());
        // A check is asked of the vault.
        Assert.All(Enum.GetValues<MachineOperation>().Except([MachineOperation.CheckVault]), operation => Assert.Equal(operation.ToString(), ((MachineTrigger)operation).ToString()));
    }

    [Fact]
    public void A_machine_never_gets_stuck()
    {
        IReadOnlyList<LifecycleTransition> table = MachineLifecycle.Table();
        HashSet<MachineState> home = [MachineState.Discovered];
        while (table.FirstOrDefault(row => home.Contains(row.To) && home.Add(row.From)) is not null)
        {
        }
        Assert.Equal(Enum.GetValues<MachineState>().ToHashSet(), home);
    }

    [Theory]
    [InlineData(MachineState.Disabling, MachineTrigger.DisableDone, MachineState.Discovered)]
    [InlineData(MachineState.FailingOver, MachineTrigger.FailoverCancelled, MachineState.Protected)]
    [InlineData(MachineState.InitialReplication, MachineTrigger.OperationFailed, MachineState.Discovered)]
    public void What_ends_replication_ends_in_Disabled_while_points_are_kept(MachineState from, MachineTrigger trigger, MachineState otherwise)
    {
        Assert.Equal(otherwise, new MachineLifecycle(from, WithPoint).Fire(trigger));
        Assert.Equal(MachineState.Disabled, new MachineLifecycle(from, WithPoint with { KeepsPoints = true }).Fire(trigger));
    }

    [Theory]
    [InlineData(MachineState.Protected)]
    [InlineData(MachineState.Resynchronizing)]
    [InlineData(MachineState.Paused)]
    public void Failovers_need_a_recovery_point(MachineState state)
    {
        MachineLifecycle lifecycle = new(state, new LifecycleFacts());
        Assert.Contains("a recovery point exists", lifecycle.WhyNot(MachineOperation.TestFailover));
        Assert.Contains("a recovery point exists", lifecycle.WhyNot(MachineOperation.UnplannedFailover));
    }

    [Fact]
    public void A_test_failover_forbids_a_second_one_and_the_removal_of_its_points_and_nothing_else()
    {
        MachineOperation[] without = [.. new MachineLifecycle(MachineState.Protected, WithPoint).AllowedOperations()];
        MachineOperation[] with = [.. new MachineLifecycle(MachineState.Protected, WithPoint with { HasTestFailover = true }).AllowedOperations()];
        Assert.Equal([MachineOperation.DisableReplication, MachineOperation.TestFailover], without.Except(with));
        Assert.Equal([MachineOperation.CleanUpTestFailover], with.Except(without));
    }

    [Fact]
    public void A_running_job_leaves_only_what_may_end_it()
    {
        Assert.Equal([MachineOperation.UnplannedFailover], Allowed(MachineState.Protected, MachineOperation.TestFailover));
        Assert.Equal([MachineOperation.DisableReplication, MachineOperation.UnplannedFailover], Allowed(MachineState.Resynchronizing, MachineOperation.Resynchronize));
        Assert.Equal([MachineOperation.DisableReplication], Allowed(MachineState.InitialReplication, MachineOperation.EnableReplication));
        // A planned failover whose source does not answer any more must not keep the machine down.
        Assert.Equal([MachineOperation.UnplannedFailover], Allowed(MachineState.FailingOver, MachineOperation.PlannedFailover));
        Assert.Empty(Allowed(MachineState.FailingOver, MachineOperation.ChangeRecoveryPoint));
        Assert.Empty(Allowed(MachineState.FailingOver, MachineOperation.CancelFailover));

        static IReadOnlyList<MachineOperation> Allowed(MachineState state, MachineOperation running) =>
            new MachineLifecycle(state, WithPoint with { RunningOperation = running }).AllowedOperations().Where(operation => !MachineLifecycle.IsBeside(operation)).ToArray();
    }

    [Fact]
    public void An_export_stands_beside_every_job()
    {
        foreach (MachineOperation running in Enum.GetValues<MachineOperation>())
        {
            Assert.Null(new MachineLifecycle(MachineState.FailingOver, WithPoint with { RunningOperation = running }).WhyNot(MachineOperation.ExportRecoveryPoint));
        }
    }

    [Fact]
    public void Without_a_copy_a_failover_can_be_repeated_or_cancelled_but_not_made_final()
    {
        MachineLifecycle failedOver = new(MachineState.FailedOver, WithPoint with { HasFailoverCopy = false });
        Assert.Equal(
            [MachineOperation.TestFailover, MachineOperation.ChangeRecoveryPoint, MachineOperation.CancelFailover, MachineOperation.ExportRecoveryPoint],
            failedOver.AllowedOperations());
        AsrException refusal = Assert.Throws<AsrException>(() => failedOver.Accept(MachineOperation.CommitFailover, "web01"));
        Assert.Equal(AsrErrorCode.OperationNotAllowed, refusal.Code);
        Assert.Contains("without a copy", refusal.Message);
        Assert.Contains("ChangeRecoveryPoint", refusal.Action);
        Assert.DoesNotContain(
            MachineOperation.Reprotect, new MachineLifecycle(MachineState.FailoverCommitted, WithPoint with { HasFailoverCopy = false }).AllowedOperations());
    }

    [Fact]
    public void A_refusal_names_machine_state_reason_and_what_is_allowed()
    {
        MachineLifecycle lifecycle = new(MachineState.FailedOver, WithPoint);
        AsrException refusal = Assert.Throws<AsrException>(() => lifecycle.Accept(MachineOperation.Failback, "web01"));
        Assert.Equal(AsrErrorCode.OperationNotAllowed, refusal.Code);
        Assert.Contains("'web01' is FailedOver", refusal.Message);
        Assert.Contains("Failback does not follow on FailedOver", refusal.Message);
        Assert.Contains("ChangeRecoveryPoint, CommitFailover, CancelFailover", refusal.Action);
        Assert.Equal("web01", refusal.Target);
        Assert.Equal(MachineState.FailedOver, lifecycle.State);
    }

    [Theory]
    [InlineData(MachineState.Protected)]
    [InlineData(MachineState.Resynchronizing)]
    [InlineData(MachineState.Paused)]
    [InlineData(MachineState.FailedOver)]
    [InlineData(MachineState.Disabled)]
    public void A_failed_failover_goes_back_to_where_it_came_from(MachineState before)
    {
        MachineLifecycle lifecycle = new(MachineState.FailingOver, WithPoint with { StateBeforeOperation = before });
        Assert.Equal(before, lifecycle.Fire(MachineTrigger.OperationFailed));
    }
}
