using System.Collections.Generic;

namespace Asr.Agent.Disks;

/// <summary>Which disks the administrator wants in service.</summary>
/// <param name="Named">Disks named one by one.</param>
/// <param name="TakesMachineDisks">True to take every other disk of the machine that is not excluded as well.</param>
/// <param name="Exclusion">What is left alone.</param>
internal sealed record DiskPlan(IReadOnlyList<DiskOption> Named, bool TakesMachineDisks, DiskExclusion Exclusion)
{
    /// <summary>These disks and no others.</summary>
    public static DiskPlan Of(params IReadOnlyList<DiskOption> named) => new(named, TakesMachineDisks: false, new DiskExclusion([]));
}
