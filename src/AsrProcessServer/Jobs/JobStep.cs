using System.Threading;
using System.Threading.Tasks;

namespace Asr.ProcessServer.Jobs;

/// <summary>Work of a step. It may be started again after a crash at any place, so every effect must be safe to repeat.</summary>
public delegate Task JobStepWork(JobContext context, CancellationToken cancellationToken);

/// <summary>One step of a job's plan.</summary>
/// <param name="Key">Stable name within its operation, kept in the job's document.</param>
/// <param name="Title">What a person reads.</param>
/// <param name="Run">Does it.</param>
/// <param name="Undo">
/// Takes its effects outside the machine's document back, also when it was interrupted half-way; null when there are none. The machine's document itself is put
/// back by the machine's grain.
/// </param>
/// <param name="TidiesUnfinished">True when <paramref name="Undo"/> is also right for a job that has no way back: it removes what is half done and nothing else.</param>
public sealed record JobStep(string Key, string Title, JobStepWork Run, JobStepWork? Undo = null, bool TidiesUnfinished = false);
