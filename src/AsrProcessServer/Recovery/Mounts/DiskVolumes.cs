using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>Finds out what a disk holds, by the host's own <c>blkid</c> and <c>partx</c>, which only read.</summary>
internal static class DiskVolumes
{
    private const int SectorBytes = 512;

    // The largest number of partitions that the kernel itself would show.
    private const int PartitionsMax = 256;

    /// <summary>The file system that fills the disk, or its partitions; empty for a disk that holds neither.</summary>
    public static async Task<IReadOnlyList<AsrMountedVolume>> FindAsync(string path, long diskBytes, CancellationToken cancellationToken)
    {
        Dictionary<string, string> found = await ProbeAsync(path, 0, diskBytes, cancellationToken);
        if (FileSystemOf(found) is { } whole)
        {
            return [new AsrMountedVolume { SizeBytes = diskBytes, FileSystem = whole }];
        }
        if (!found.ContainsKey("PTTYPE"))
        {
            return [];
        }
        List<AsrMountedVolume> volumes = [];
        foreach (AsrMountedVolume partition in await ListPartitionsAsync(path, diskBytes, cancellationToken))
        {
            volumes.Add(partition with { FileSystem = FileSystemOf(await ProbeAsync(path, partition.OffsetBytes, partition.SizeBytes, cancellationToken)) });
        }
        return volumes;
    }

    private static string? FileSystemOf(Dictionary<string, string> found) =>
        found.GetValueOrDefault("USAGE") == "filesystem" ? found.GetValueOrDefault("TYPE") : null;

    private static async Task<Dictionary<string, string>> ProbeAsync(string path, long offset, long size, CancellationToken cancellationToken)
    {
        // It ends with 2 where it finds nothing it knows, with 8 where it finds several things; then nothing is mounted either.
        ToolResult result = await HostTools.RunAsync(cancellationToken, "blkid", "-p", "-o", "export", "-O", Number(offset), "-S", Number(size), path);
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }

    private static async Task<IReadOnlyList<AsrMountedVolume>> ListPartitionsAsync(string path, long diskBytes, CancellationToken cancellationToken)
    {
        ToolResult result = await HostTools.RunAsync(cancellationToken, "partx", "--raw", "--noheadings", "--output", "NR,START,SECTORS", path);
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(PartitionsMax).Select(Parse)
            // A table may say anything. An extended partition has a size of two sectors and holds no file system; blkid finds none in it.
            .Where(volume => volume is { Partition: > 0, OffsetBytes: > 0, SizeBytes: > 0 } && volume.OffsetBytes <= diskBytes - volume.SizeBytes)
            .ToArray();
    }

    private static AsrMountedVolume Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == 3
            && int.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && long.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
            && long.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out long sectors)
            && start <= long.MaxValue / SectorBytes && sectors <= long.MaxValue / SectorBytes
                ? new AsrMountedVolume { Partition = number, OffsetBytes = start * SectorBytes, SizeBytes = sectors * SectorBytes }
                : new AsrMountedVolume();
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
