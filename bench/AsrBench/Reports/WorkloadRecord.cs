using System;
using System.Collections.Generic;

namespace Asr.Bench.Reports;

/// <summary>The last run of a workload.</summary>
internal sealed record WorkloadRecord
{
    /// <summary>Name of the workload.</summary>
    public required string Workload { get; init; }

    /// <summary>When and where.</summary>
    public required RunFacts Run { get; init; }

    /// <summary>Its comparisons.</summary>
    public required IReadOnlyList<BenchResult> Results { get; init; }

    /// <summary>Sentences that the figures need.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }
}

/// <summary>A run of the program. Workloads of one run have the same facts.</summary>
/// <param name="Time">When it began.</param>
/// <param name="Machine">What it ran on.</param>
/// <param name="LoadBefore">The three load averages when it began.</param>
/// <param name="LoadAfter">The same at its end.</param>
/// <param name="ImageBytes">Size of the image.</param>
/// <param name="Runs">Runs of each workload.</param>
internal sealed record RunFacts(DateTimeOffset Time, string Machine, string LoadBefore, string LoadAfter, long ImageBytes, int Runs);
