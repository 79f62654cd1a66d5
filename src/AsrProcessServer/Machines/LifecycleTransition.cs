using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>One row of the table of legal transitions.</summary>
/// <param name="From">State before.</param>
/// <param name="Trigger">What happens.</param>
/// <param name="To">State after; the same as <paramref name="From"/> for operations beside the state.</param>
/// <param name="Condition">What must hold besides, in words; empty when nothing must.</param>
public sealed record LifecycleTransition(MachineState From, MachineTrigger Trigger, MachineState To, string Condition);
