using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Bench.Reports;

/// <summary>The results for people.</summary>
internal static class ResultPage
{
    private const string Introduction = """
        # Benchmarks

        Written by `./build.sh Bench` from the records in benchmarks.json; do not edit. Every figure is the median of its runs, taken with the other program's in the same run, on the
        same image: `mkfs.ext4 -d` of files from `/usr/lib`; for what says tracked and for churn, on a loop device of 2 GiB with ext4. Ours are the real `asr-agent` and
        `asr-appliance` over TLS 1.3 on loopback into an encrypted, compressed, synced vault. A ratio above 1 means that ours is better; only for the rows against a bound (`<=`) it is
        ours divided by the bound.

        """;

    /// <summary>Writes the page.</summary>
    public static async Task WriteAsync(string path, IReadOnlyList<WorkloadRecord> records, CancellationToken cancellationToken)
    {
        BenchResult[] results = [.. records.SelectMany(static record => record.Results)];
        StringBuilder page = new(Introduction);
        foreach (IGrouping<RunFacts, WorkloadRecord> run in records.GroupBy(static record => record.Run))
        {
            RunFacts facts = run.Key;
            page.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"Workloads {string.Join(", ", run.Select(static record => record.Workload))}:").AppendLine();
            page.AppendLine(CultureInfo.InvariantCulture, $"- Machine: {facts.Machine}");
            page.AppendLine(CultureInfo.InvariantCulture, $"- Date: {facts.Time:yyyy-MM-dd HH:mm} UTC");
            page.AppendLine(CultureInfo.InvariantCulture, $"- Load averages (1, 5, 15 min): {facts.LoadBefore} before, {facts.LoadAfter} after. Loads above the number of cores mean that other work ran beside.");
            page.AppendLine(CultureInfo.InvariantCulture, $"- Image: {facts.ImageBytes >> 20} MiB; runs: {facts.Runs}");
        }

        page.AppendLine().AppendLine("## Results").AppendLine();
        string plot = Path.ChangeExtension(path, ".svg");
        await ResultPlot.WriteAsync(plot, results, cancellationToken);
        page.AppendLine(CultureInfo.InvariantCulture, $"![Every result against its goal]({Path.GetFileName(plot)})").AppendLine();
        page.AppendLine("| Workload | Ours | Peer | Unit | Ratio | Goal | Reached |").AppendLine("| --- | ---: | ---: | --- | ---: | --- | --- |");
        foreach (BenchResult result in results)
        {
            string reached = result.IsMet switch { true => "yes", false => "**no**", null => "" };
            page.AppendLine(CultureInfo.InvariantCulture, $"| {result.Workload} | {Figure(result.Ours)} | {Figure(result.Peer)} | {result.Unit} | {result.Ratio:F2} | {result.Goal} | {reached} |");
        }

        BenchResult[] missed = [.. results.Where(result => result.IsMet == false)];
        page.AppendLine().AppendLine("## Goals that are missed").AppendLine();
        foreach (BenchResult result in missed)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {result.Workload}: {result.Ratio:F2}, goal {result.Goal}");
        }

        page.AppendLine(missed.Length == 0 ? "None." : "").AppendLine("## What the figures mean").AppendLine();
        foreach (string remark in records.SelectMany(static record => record.Remarks))
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {remark}");
        }

        page.AppendLine().AppendLine("## Peers' commands").AppendLine();
        foreach (BenchResult result in results)
        {
            page.AppendLine(CultureInfo.InvariantCulture, $"- {result.Workload}: `{result.PeerCommand}`");
        }

        await File.WriteAllTextAsync(path, page.ToString(), cancellationToken);
    }

    private static string Figure(double value) => value >= 1000
        ? value.ToString("F0", CultureInfo.InvariantCulture)
        : value.ToString("G4", CultureInfo.InvariantCulture);
}
