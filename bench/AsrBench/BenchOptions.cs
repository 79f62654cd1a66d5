using System.Collections.Generic;

namespace Asr.Bench;

/// <summary>What to run and where.</summary>
internal sealed record BenchOptions
{
    /// <summary>Size of the disk image in bytes.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Runs of each workload, at least 1.</summary>
    public required int Runs { get; init; }

    /// <summary>An existing folder; a new folder in it holds everything and is removed at the end.</summary>
    public required string WorkPath { get; init; }

    /// <summary>Folder of the product's executables.</summary>
    public required string BinariesPath { get; init; }

    /// <summary>The file of results; what is in it of other workloads stays.</summary>
    public required string ResultsPath { get; init; }

    /// <summary>The page of results.</summary>
    public required string PagePath { get; init; }

    /// <summary>Workloads to run; empty for all.</summary>
    public required IReadOnlyList<string> Only { get; init; }
}
