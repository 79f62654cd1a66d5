using System.Collections.Generic;
using System.IO;
using Asr.Bench.Reports;

namespace Asr.Bench;

/// <summary>What workloads share: the image, a folder, and where their results go.</summary>
internal sealed class BenchContext(BenchOptions options, string folder)
{
    private int _names;

    /// <summary>What was asked for.</summary>
    public BenchOptions Options { get; } = options;

    /// <summary>The disk image. Workloads that write to it leave it a valid disk of the same size.</summary>
    public string ImagePath { get; } = Path.Join(folder, "disk.img");

    /// <summary>Comparisons so far.</summary>
    public List<BenchResult> Results { get; } = [];

    /// <summary>Sentences that the figures need.</summary>
    public List<string> Remarks { get; } = [];

    /// <summary>A path that nothing has used yet.</summary>
    public string NewPath(string name) => Path.Join(folder, $"{++_names}-{name}");
}
