using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Jobs;

namespace Asr.ProcessServer.Tests.Jobs;

/// <summary>
/// A job whose steps note when they run and leave one effect each, and which can be held at a place so that the appliance goes down there.
/// Stands for every operation.
/// </summary>
internal sealed class CrashingJob : IJobDefinition
{
    public const int StepCount = 4;

    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>What the steps have made: an effect is made under its step's name, so repeating it makes nothing new.</summary>
    public ConcurrentDictionary<string, int> Effects { get; } = new();

    /// <summary>Where to hold, or null for nowhere: "before:2", "after:2", "undo:1".</summary>
    public string? HoldAt { get; set; }

    /// <summary>The step that fails, or null.</summary>
    public int? FailAt { get; set; }

    public TaskCompletionSource Held { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<MachineOperation> Operations { get; } = Enum.GetValues<MachineOperation>();

    public IReadOnlyList<JobStep> Plan(OperationRequest request) => Enumerable.Range(0, StepCount)
        .Select(step => new JobStep($"s{step}", $"Step {step}", (context, ct) => RunAsync(step, ct), (context, ct) => UndoAsync(step, ct)))
        .ToArray();

    public void Continue()
    {
        HoldAt = null;
        Held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private async Task RunAsync(int step, CancellationToken cancellationToken)
    {
        Log.Enqueue($"run {step}");
        await HoldAsync($"before:{step}", cancellationToken);
        if (FailAt == step)
        {
            throw new AsrException(AsrErrorCode.TargetUnavailable, "The target is gone.", "Bring it back.");
        }
        Effects.AddOrUpdate($"effect {step}", 1, (_, _) => 1);
        await HoldAsync($"after:{step}", cancellationToken);
    }

    private async Task UndoAsync(int step, CancellationToken cancellationToken)
    {
        Log.Enqueue($"undo {step}");
        await HoldAsync($"undo:{step}", cancellationToken);
        Effects.TryRemove($"effect {step}", out _);
    }

    private async Task HoldAsync(string place, CancellationToken cancellationToken)
    {
        if (HoldAt == place)
        {
            Held.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
