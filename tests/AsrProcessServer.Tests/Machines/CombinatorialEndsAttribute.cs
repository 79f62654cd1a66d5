using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

namespace Asr.ProcessServer.Tests.Machines;

/// <summary>Every operation in every state that allows it, with every end its job can have.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CombinatorialEndsAttribute : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        List<ITheoryDataRow> rows = [];
        foreach (MachineState state in Enum.GetValues<MachineState>())
        {
            foreach (MachineOperation operation in Enum.GetValues<MachineOperation>())
            {
                if (MachineLifecycle.IsBeside(operation) || new MachineLifecycle(state, new LifecycleFacts { HasRecoveryPoint = true, HasFailoverCopy = true }).WhyNot(operation) is not null)
                {
                    continue;
                }
                rows.Add(new TheoryDataRow<MachineState, MachineOperation, JobOutcome>(state, operation, JobOutcome.Succeeded));
                rows.Add(new TheoryDataRow<MachineState, MachineOperation, JobOutcome>(state, operation, JobOutcome.RolledBack));
                if (operation is MachineOperation.ChangeRecoveryPoint or MachineOperation.CancelFailover or MachineOperation.Failback)
                {
                    rows.Add(new TheoryDataRow<MachineState, MachineOperation, JobOutcome>(state, operation, JobOutcome.Unfinished));
                }
            }
        }
        return new ValueTask<IReadOnlyCollection<ITheoryDataRow>>(rows);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
