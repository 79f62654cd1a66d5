using System;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Workloads;

/// <summary>Two sources of faults of one file system: the workload's own, which are part of what it does, and those that a test injects.</summary>
internal sealed class StorageFaults
{
    public StorageFaults(SimulatedFileLayer files) =>
        files.Fault = (operation, path) => Scripted?.Invoke(operation, path) ?? Injected?.Invoke(operation, path);

    /// <summary>The workload's.</summary>
    public Func<FileOperation, string, Exception?>? Scripted { get; set; }

    /// <summary>The test's.</summary>
    public Func<FileOperation, string, Exception?>? Injected { get; set; }
}
