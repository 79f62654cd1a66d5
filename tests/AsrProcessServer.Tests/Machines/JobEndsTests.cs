using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Xunit;

namespace Asr.ProcessServer.Tests.Machines;

public sealed class JobEndsTests
{
    [Theory]
    [CombinatorialEnds]
    public void No_end_of_a_job_leaves_a_machine_in_a_state_that_only_jobs_have(MachineState before, MachineOperation operation, JobOutcome outcome)
    {
        LifecycleFacts facts = new() { HasRecoveryPoint = true, HasFailoverCopy = true };
        MachineState during = new MachineLifecycle(before, facts).Accept(operation, "web01");
        MachineLifecycle ending = new(during, facts with { RunningOperation = operation, StateBeforeOperation = before });

        MachineState after = JobEnds.TriggerOf(operation, outcome) is { } trigger && ending.CanFire(trigger) ? ending.Fire(trigger) : during;

        Assert.DoesNotContain(after, new[] { MachineState.FailingOver, MachineState.FailingBack, MachineState.Reprotecting });
    }
}
