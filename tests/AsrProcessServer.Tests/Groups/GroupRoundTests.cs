using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.ProcessServer.Groups;
using Xunit;

namespace Asr.ProcessServer.Tests.Groups;

/// <summary>The rounds of a consistency group, step by step and with a clock of the test's own.</summary>
public sealed class GroupRoundTests
{
    private static readonly DateTimeOffset Clock = DateTimeOffset.UnixEpoch;

    private readonly GroupMember[] _machines =
    [
        new(Guid.NewGuid(), "web", MachineState.Protected),
        new(Guid.NewGuid(), "db", MachineState.Protected),
        new(Guid.NewGuid(), "queue", MachineState.Protected),
    ];

    private TimeSpan _now = TimeSpan.FromHours(1);

    [Fact]
    public void No_machine_goes_on_before_all_are_at_rest_and_none_publishes_before_all_have_confirmed()
    {
        GroupRound round = Begin();
        AllAre(round, ConsistencyCommand.Prepare);
        TakesTurns(round, ConsistencyPhase.Ready, ConsistencyCommand.Rest);
        TakesTurns(round, ConsistencyPhase.AtRest, ConsistencyCommand.Release);
        TakesTurns(round, ConsistencyPhase.Held, ConsistencyCommand.Publish);
        foreach (GroupMember machine in _machines)
        {
            Assert.Equal(RoundStage.Publishing, round.Stage);
            round.HandIn(Point(round, machine));
        }

        Assert.Equal(RoundStage.Complete, round.Stage);
        Assert.All(round.Points, point =>
        {
            Assert.Equal((round.Id, "shop", Clock), (point.MultiMachine!.Id, point.MultiMachine.ConsistencyGroup, point.MultiMachine.Time));
            Assert.Equal(_machines.Select(machine => machine.Id), point.MultiMachine.MachineIds);
        });
    }

    [Theory]
    [InlineData(ConsistencyPhase.Ready)]
    [InlineData(ConsistencyPhase.AtRest)]
    [InlineData(ConsistencyPhase.Held)]
    public void A_machine_that_fails_in_any_stage_fails_the_round_for_all(ConsistencyPhase phase)
    {
        GroupRound round = Begin();
        AdvanceTo(round, phase);
        Tell(round, _machines[0], phase);
        Tell(round, _machines[1], ConsistencyPhase.Failed, new AsrError { Code = AsrErrorCode.QuiesceFailed, Message = "busy" });
        Assert.Equal(("db", AsrErrorCode.QuiesceFailed), (round.Failure?.Machine.Name, round.Failure?.Error.Code));
        AllAre(round, ConsistencyCommand.Drop);
        Assert.Equal(AsrErrorCode.ConsistencyRoundFailed, Assert.Throws<AsrException>(() => round.HandIn(Point(round, _machines[0]))).Code);
    }

    [Theory]
    [InlineData(ConsistencyPhase.Ready, 30_000)]
    [InlineData(ConsistencyPhase.AtRest, 700)]
    [InlineData(ConsistencyPhase.Held, 10_000)]
    public void A_machine_that_says_nothing_fails_the_round_when_the_time_of_its_stage_is_over(ConsistencyPhase phase, int timeMs)
    {
        GroupRound round = Begin();
        AdvanceTo(round, phase);
        Tell(round, _machines[0], phase);
        Tell(round, _machines[2], phase);
        Pass(round, timeMs - 1);
        Assert.Null(round.Failure);
        Pass(round, 1);
        Assert.Equal("db", round.Failure?.Machine.Name);
        AllAre(round, ConsistencyCommand.Drop);

        // What it says later changes nothing.
        Tell(round, _machines[1], phase);
        AllAre(round, ConsistencyCommand.Drop);
    }

    [Fact]
    public void Where_no_machine_comes_to_rest_the_round_ends_too()
    {
        GroupRound round = Begin();
        AdvanceTo(round, ConsistencyPhase.AtRest);
        Pass(round, (int)GroupRound.RestMax.TotalMilliseconds);
        Assert.Equal(RoundStage.Failed, round.Stage);
    }

    [Fact]
    public void A_machine_that_could_not_wait_any_longer_is_not_the_one_to_blame()
    {
        GroupRound round = Begin();
        AdvanceTo(round, ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.AtRest);
        Tell(round, _machines[2], ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.Failed, new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = "no answer" });
        Assert.Equal("db", round.Failure?.Machine.Name);
    }

    [Fact]
    public void A_machine_that_thawed_by_itself_after_it_was_released_fails_the_round()
    {
        // The answer came too late: it was at rest when all were, but it cannot know that.
        GroupRound round = Begin();
        AdvanceTo(round, ConsistencyPhase.Held);
        Tell(round, _machines[0], ConsistencyPhase.Held);
        Tell(round, _machines[2], ConsistencyPhase.Held);
        Tell(round, _machines[1], ConsistencyPhase.Failed, new AsrError { Code = AsrErrorCode.ConsistencyRoundFailed, Message = "the budget was over" });
        Assert.Equal("db", round.Failure?.Machine.Name);
    }

    [Fact]
    public void Steps_that_are_repeated_or_out_of_their_order_change_nothing()
    {
        GroupRound round = Begin();
        Tell(round, _machines[0], ConsistencyPhase.Held);
        Tell(round, _machines[0], ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.Waiting);
        AllAre(round, ConsistencyCommand.Prepare);
        AdvanceTo(round, ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.AtRest);
        Tell(round, _machines[0], ConsistencyPhase.Ready);
        Assert.Equal(RoundStage.Resting, round.Stage);
        Assert.Equal(ConsistencyCommand.Wait, round.OrderFor(_machines[0].Id).Command);
    }

    [Theory]
    [InlineData(ConsistencyPhase.Ready)]
    [InlineData(ConsistencyPhase.AtRest)]
    [InlineData(ConsistencyPhase.Held)]
    public void A_machine_that_waits_for_a_round_again_has_forgotten_this_one(ConsistencyPhase phase)
    {
        GroupRound round = Begin();
        AdvanceTo(round, phase);
        Tell(round, _machines[1], phase);
        Tell(round, _machines[1], ConsistencyPhase.Waiting);
        Assert.Equal("db", round.Failure?.Machine.Name);
    }

    [Fact]
    public void A_machine_that_has_handed_its_point_in_may_forget_the_round()
    {
        GroupRound round = Begin();
        AdvanceTo(round, ConsistencyPhase.Held);
        TakesTurns(round, ConsistencyPhase.Held, ConsistencyCommand.Publish);
        round.HandIn(Point(round, _machines[0]));
        round.HandIn(Point(round, _machines[0]) with { Reason = RecoveryPointReason.Policy });
        Tell(round, _machines[0], ConsistencyPhase.Waiting);
        Assert.Equal(RoundStage.Publishing, round.Stage);
        Pass(round, (int)GroupRound.PublishMax.TotalMilliseconds);
        Assert.Equal("db", round.Failure?.Machine.Name);
    }

    [Fact]
    public void A_point_is_app_consistent_only_when_the_applications_of_every_machine_were_at_rest()
    {
        foreach (ConsistencyPhase failing in new[] { ConsistencyPhase.Ready, ConsistencyPhase.Held, ConsistencyPhase.Waiting })
        {
            GroupRound round = Begin(RecoveryPointType.AppConsistent);
            foreach (ConsistencyPhase phase in new[] { ConsistencyPhase.Ready, ConsistencyPhase.AtRest, ConsistencyPhase.Held })
            {
                foreach (GroupMember machine in _machines)
                {
                    AsrError? error = phase == failing && machine.Name == "db" ? new AsrError { Code = AsrErrorCode.AppConsistencyFailed, Message = "post failed" } : null;
                    Tell(round, machine, phase, error);
                }
            }

            foreach (GroupMember machine in _machines)
            {
                round.HandIn(Point(round, machine));
            }

            bool isWhole = failing == ConsistencyPhase.Waiting;
            Assert.All(round.Points, point => Assert.Equal(isWhole ? RecoveryPointType.AppConsistent : RecoveryPointType.CrashConsistent, point.Type));
            Assert.All(round.Points, point => Assert.Equal(isWhole ? null : "On 'db': post failed", point.AppConsistencyError?.Message));
        }
    }

    private GroupRound Begin(RecoveryPointType type = RecoveryPointType.CrashConsistent) => new(Guid.NewGuid(), "shop", type, _machines, _now);

    private void Tell(GroupRound round, GroupMember machine, ConsistencyPhase phase, AsrError? error = null) =>
        round.Take(machine.Id, new ConsistencyStep { Phase = phase, RoundId = round.Id, Error = error }, _now, Clock);

    private void Pass(GroupRound round, int timeMs)
    {
        _now += TimeSpan.FromMilliseconds(timeMs);
        round.Tick(_now);
    }

    // Everything that comes before a phase.
    private void AdvanceTo(GroupRound round, ConsistencyPhase phase)
    {
        for (ConsistencyPhase before = ConsistencyPhase.Ready; before < phase; before++)
        {
            foreach (GroupMember machine in _machines)
            {
                Tell(round, machine, before);
            }
        }
    }

    // Nobody is told to go on until the last has come.
    private void TakesTurns(GroupRound round, ConsistencyPhase phase, ConsistencyCommand next)
    {
        foreach (GroupMember machine in _machines)
        {
            Assert.DoesNotContain(next, Orders(round));
            Tell(round, machine, phase);
        }

        AllAre(round, next);
    }

    private void AllAre(GroupRound round, ConsistencyCommand command) => Assert.All(Orders(round), order => Assert.Equal(command, order));

    private IEnumerable<ConsistencyCommand> Orders(GroupRound round) => _machines.Select(machine => round.OrderFor(machine.Id).Command);

    private static AsrRecoveryPoint Point(GroupRound round, GroupMember machine) =>
        new() { Id = Guid.NewGuid(), MachineId = machine.Id, MachineName = machine.Name, MultiMachine = new MultiMachinePoint { Id = round.Id } };
}
