using System;
using System.Linq;
using Asr.Contracts;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Xunit;

namespace Asr.ProcessServer.Tests.Groups;

/// <summary>When rounds begin, what keeps them from it, and steps that come late, twice or not at all.</summary>
public sealed class GroupCoordinatorTests
{
    private readonly ManualTime _time = new();
    private readonly GroupMember[] _machines = [new(Guid.NewGuid(), "web", MachineState.Protected), new(Guid.NewGuid(), "db", MachineState.Protected)];
    private readonly Guid[] _runs = [Guid.NewGuid(), Guid.NewGuid()];
    private readonly GroupCoordinator _coordinator;
    private long _number;

    public GroupCoordinatorTests()
    {
        _coordinator = new GroupCoordinator(_time);
        Look();
    }

    [Fact]
    public void A_round_begins_when_a_point_is_due_and_every_machine_waits()
    {
        Assert.Contains("'web' takes no part", _coordinator.Trouble, StringComparison.Ordinal);
        Wait(0);
        PassOnePeriod();
        Assert.Null(_coordinator.Round);
        Assert.Contains("'db' takes no part", _coordinator.Trouble, StringComparison.Ordinal);
        Wait(0);
        Wait(1);
        Look();
        Assert.Null(_coordinator.Round);
        Assert.Null(_coordinator.Trouble);
        PassOnePeriod();
        Assert.NotNull(_coordinator.Round);
        Assert.Equal(ConsistencyCommand.Prepare, Wait(0).Command);
    }

    [Fact]
    public void A_machine_that_is_not_protected_keeps_the_group_from_rounds_and_is_named()
    {
        Wait(0);
        Wait(1);
        _machines[1] = _machines[1] with { State = MachineState.InitialReplication };
        PassOnePeriod();
        Assert.Null(_coordinator.Round);
        Assert.Contains("'db' is in state InitialReplication", _coordinator.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void A_round_waits_for_a_machine_that_is_about_something_else()
    {
        Wait(0);
        Wait(1);
        _coordinator.Step(_machines[1].Id, Next(1) with { Phase = ConsistencyPhase.Held, RoundId = Guid.NewGuid() });
        PassOnePeriod();
        Assert.Null(_coordinator.Round);
        Wait(1);
        Look();
        Assert.NotNull(_coordinator.Round);
    }

    [Fact]
    public void A_machine_that_falls_silent_keeps_the_group_from_rounds()
    {
        Wait(0);
        Wait(1);
        _time.Advance(GroupCoordinator.SilenceMax + TimeSpan.FromSeconds(1));
        Wait(1);
        PassOnePeriod();
        Assert.Null(_coordinator.Round);
        Assert.Contains("'web'", _coordinator.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_comes_late_or_twice_counts_for_nothing()
    {
        GroupRound round = Begin();
        ConsistencyStep ready = Next(0) with { Phase = ConsistencyPhase.Ready, RoundId = round.Id };
        Assert.Equal(ConsistencyCommand.Wait, _coordinator.Step(_machines[0].Id, ready).Command);

        // A question from before, on its way for long: it must not look as if the machine had forgotten the round.
        _coordinator.Step(_machines[0].Id, new ConsistencyStep { Run = _runs[0], Number = 1 });
        Assert.Null(round.Failure);
        Tell(1, round, ConsistencyPhase.Ready);
        Assert.Equal(ConsistencyCommand.Rest, _coordinator.Step(_machines[0].Id, ready).Command);
        Assert.Equal(RoundStage.Resting, round.Stage);
    }

    [Fact]
    public void An_agent_that_was_started_again_fails_the_round()
    {
        GroupRound round = Begin();
        Tell(0, round, ConsistencyPhase.Ready);
        _runs[0] = Guid.NewGuid();
        _number = 0;
        Wait(0);
        Assert.Equal("web", round.Failure?.Machine.Name);
        Assert.Contains("'web' failed", _coordinator.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_of_another_round_is_answered_with_its_end()
    {
        // As after a restart of the appliance: the machines are at rest for a round that nobody knows.
        Wait(0);
        Wait(1);
        Guid unknown = Guid.NewGuid();
        foreach (ConsistencyPhase phase in new[] { ConsistencyPhase.Ready, ConsistencyPhase.AtRest, ConsistencyPhase.Held })
        {
            ConsistencyOrder order = _coordinator.Step(_machines[0].Id, Next(0) with { Phase = phase, RoundId = unknown });
            Assert.Equal((unknown, ConsistencyCommand.Drop), (order.RoundId, order.Command));
        }

        GroupRound round = Begin();
        Assert.Equal(ConsistencyCommand.Drop, _coordinator.Step(_machines[0].Id, Next(0) with { Phase = ConsistencyPhase.Held, RoundId = unknown }).Command);
        Assert.Null(round.Failure);
        Assert.Equal(AsrErrorCode.ConsistencyRoundFailed, Assert.Throws<AsrException>(() => _coordinator.HandIn(Point(0, unknown))).Code);
    }

    [Fact]
    public void A_machine_that_leaves_the_group_ends_its_round()
    {
        GroupRound round = Begin();
        GroupMembership rest = Membership() with { Machines = [_machines[1]] };
        _coordinator.Look(rest);
        Assert.Equal("web", round.Failure?.Machine.Name);
        Assert.Equal(ConsistencyCommand.Wait, Wait(0).Command);
    }

    [Fact]
    public void After_a_failure_the_next_period_brings_another_round_and_its_success_ends_the_trouble()
    {
        GroupRound failed = Begin();
        Tell(0, failed, ConsistencyPhase.Ready);
        _time.Advance(GroupRound.PrepareMax);
        Wait(0);
        Assert.Equal("db", _coordinator.LastFailure?.Machine.Name);
        GroupRound round = Begin();
        Assert.NotEqual(failed.Id, round.Id);
        foreach (ConsistencyPhase phase in new[] { ConsistencyPhase.Ready, ConsistencyPhase.AtRest, ConsistencyPhase.Held })
        {
            Tell(0, round, phase);
            Tell(1, round, phase);
        }

        _coordinator.HandIn(Point(0, round.Id));
        Assert.NotNull(_coordinator.Trouble);
        _coordinator.HandIn(Point(1, round.Id));
        Assert.Equal(RoundStage.Complete, round.Stage);
        Assert.Null(_coordinator.Trouble);
    }

    private GroupRound Begin()
    {
        Wait(0);
        Wait(1);
        PassOnePeriod();
        Wait(0);
        Wait(1);
        return _coordinator.Round!;
    }

    private void PassOnePeriod()
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        Look();
    }

    private void Look() => _coordinator.Look(Membership());

    private GroupMembership Membership() => new("shop", [.. _machines], 10, 0);

    private ConsistencyStep Next(int machine) => new() { Run = _runs[machine], Number = ++_number };

    private ConsistencyOrder Wait(int machine) => _coordinator.Step(_machines[machine].Id, Next(machine));

    private void Tell(int machine, GroupRound round, ConsistencyPhase phase) => _coordinator.Step(_machines[machine].Id, Next(machine) with { Phase = phase, RoundId = round.Id });

    private AsrRecoveryPoint Point(int machine, Guid round) => new()
    {
        Id = Guid.NewGuid(),
        MachineId = _machines[machine].Id,
        MachineName = _machines[machine].Name,
        MultiMachine = new MultiMachinePoint { Id = round },
    };
}
