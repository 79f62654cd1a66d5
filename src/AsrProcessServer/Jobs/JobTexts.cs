using System;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs;

/// <summary>How texts name what a job is about.</summary>
internal static class JobTexts
{
    /// <summary>The machine, or the vault.</summary>
    public static string SubjectOf(AsrJob job) => job.MachineId == Guid.Empty ? "the vault" : $"'{job.MachineName}'";
}
