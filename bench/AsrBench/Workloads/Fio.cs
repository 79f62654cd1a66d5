using System;
using System.Globalization;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Workloads;

/// <summary>fio with its NBD engine.</summary>
internal static class Fio
{
    private const int SecondsPerRun = 5;

    /// <summary>Writes to an export for some seconds.</summary>
    public static async Task<FioResult> WriteAsync(string uri, string pattern, string blockSize, int depth, CancellationToken cancellationToken)
    {
        string output = await Shell.RunAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"fio --name=w --ioengine=nbd '--uri={uri}' --rw={pattern} --bs={blockSize} --iodepth={depth} --norandommap --refill_buffers --time_based --runtime={SecondsPerRun} --output-format=json"),
            cancellationToken);

        // The engine's library may write a line before the document.
        using JsonDocument document = JsonDocument.Parse(output.AsMemory(output.IndexOf('{')));
        JsonElement write = document.RootElement.GetProperty("jobs")[0].GetProperty("write");
        return new FioResult(write.GetProperty("bw_bytes").GetDouble(), write.GetProperty("total_ios").GetInt64());
    }
}

/// <summary>What fio did.</summary>
/// <param name="BytesPerSecond">Bytes a second.</param>
/// <param name="Requests">Requests in all.</param>
internal readonly record struct FioResult(double BytesPerSecond, long Requests);
