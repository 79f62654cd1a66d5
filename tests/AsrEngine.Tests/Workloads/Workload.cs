using System;
using System.Threading.Tasks;

namespace Asr.Engine.Tests.Workloads;

/// <summary>A named script of calls on a vault. Everything random in it comes from the context's dice.</summary>
internal sealed record Workload(string Name, Func<WorkloadContext, Task> RunAsync)
{
    public ScriptOptions Options { get; init; } = new();

    /// <summary>Calls go on side by side: there is no moment at which files and promises can be looked at together without a recording.</summary>
    public bool IsConcurrent { get; init; }

    public override string ToString() => Name;
}

/// <summary>What a workload works with: the calls, the faults of the file system below, and dice.</summary>
internal sealed record WorkloadContext(VaultScript Script, StorageFaults Faults, Random Random);
