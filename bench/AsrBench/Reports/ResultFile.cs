using System.Collections.Generic;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Bench.Reports;

/// <summary>The results for programs, and what the page is made of: an array of <see cref="WorkloadRecord"/>. What did not run keeps its record.</summary>
internal static class ResultFile
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Replaces the records of what ran and gives all, in the order of the program's workloads.</summary>
    public static async Task<List<WorkloadRecord>> UpdateAsync(string path, IReadOnlyList<WorkloadRecord> ran, IReadOnlyList<string> order, CancellationToken cancellationToken)
    {
        List<WorkloadRecord> known = File.Exists(path) ? JsonSerializer.Deserialize<List<WorkloadRecord>>(await File.ReadAllTextAsync(path, cancellationToken), Format)! : [];
        List<WorkloadRecord> all = [];
        foreach (string name in order)
        {
            bool IsNamed(WorkloadRecord record) => record.Workload == name;
            if (((List<WorkloadRecord>)[.. ran, .. known]).Find(IsNamed) is { } record)
            {
                all.Add(record);
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(all, Format) + "\n", cancellationToken);
        return all;
    }
}
