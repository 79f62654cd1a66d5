using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Recovery;
using HostProcess = System.Diagnostics.Process;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>Writes QEMU's own format by QEMU's own program.</summary>
internal static class QemuImage
{
    /// <summary>The program.</summary>
    public const string Tool = "qemu-img";

    private const int StatusCharsMax = 64;

    /// <summary>Converts an NBD export into a new qcow2 file, not yet durable; a file that is there is replaced. The bytes it has.</summary>
    /// <param name="uri">The export.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancellationToken">Ends the program; a partly written file may stay.</param>
    public static async Task<long> ConvertAsync(string uri, string path, Func<double, ValueTask> progress, CancellationToken cancellationToken)
    {
        // Not written over: a converter that an appliance killed before has left may hold it for a moment more.
        CopyFiles.Guard(path, () =>
        {
            File.Delete(path);
            return true;
        });
        using HostProcess process = HostTools.Start(Tool, "convert", "-p", "-f", "raw", "-O", "qcow2", uri, path);
        try
        {
            Task<string> messages = process.StandardError.ReadToEndAsync(cancellationToken);
            await FollowAsync(process.StandardOutput, progress, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode == 0 ? new FileInfo(path).Length : throw Failed(path, HostTools.Shorten(await messages));
        }
        catch
        {
            await HostTools.EndAsync(process);
            throw;
        }
    }

    /// <summary>Reads lines like "    (12.34/100%)", each over the last one.</summary>
    private static async Task FollowAsync(StreamReader output, Func<double, ValueTask> progress, CancellationToken cancellationToken)
    {
        StringBuilder status = new();
        char[] buffer = new char[StatusCharsMax];
        while (await output.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            status.Append(buffer, 0, count);
            string text = status.ToString();
            int end = text.LastIndexOf('/');
            int start = end < 0 ? -1 : text.LastIndexOf('(', end);
            if (start >= 0 && double.TryParse(text.AsSpan(start + 1, end - start - 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double percent))
            {
                await progress(Math.Clamp(percent / 100, 0, 1));
                status.Clear();
            }
            else if (status.Length > StatusCharsMax)
            {
                status.Remove(0, status.Length - StatusCharsMax);
            }
        }
    }

    private static AsrException Failed(string path, string message) => message.Contains("No space left", StringComparison.Ordinal)
        ? new AsrException(AsrErrorCode.DiskFull, $"No space left for '{path}': {message}", "Free space where the disk is stored.", path)
        : CopyFiles.Unavailable(path, new IOException($"{Tool}: {message}"));
}
