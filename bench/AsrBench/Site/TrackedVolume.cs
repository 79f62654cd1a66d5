using System;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Site;

/// <summary>
/// A disk of the machine with ext4 on it: a loop device past the page cache, so that the disk below is what limits it, not the copying into memory. Needs root. Gone when
/// disposed.
/// </summary>
internal sealed class TrackedVolume : IAsyncDisposable
{
    /// <summary>Bytes of the disk.</summary>
    public const long Bytes = 2L << 30;

    private const string FileSize = "1g";

    private readonly string _folder;

    private TrackedVolume(string folder) => _folder = folder;

    /// <summary>The device.</summary>
    public string DevicePath { get; private set; } = "";

    /// <summary>Where it is mounted.</summary>
    public string MountPath => Path.Join(_folder, "mnt");

    private string FilePath => Path.Join(MountPath, "w");

    /// <summary>Makes and mounts it.</summary>
    public static async Task<TrackedVolume> CreateAsync(string folder, CancellationToken cancellationToken)
    {
        TrackedVolume volume = new(Directory.CreateDirectory(folder).FullName);
        try
        {
            string image = Path.Join(folder, "volume.img");
            volume.DevicePath = (await Shell.RunAsync(
                $"export PATH=$PATH:/usr/sbin; truncate -s {Bytes} {image} && mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 {image} && losetup --find --show --direct-io=on {image}",
                cancellationToken)).Trim();
            Directory.CreateDirectory(volume.MountPath);
            await Shell.RunAsync($"mount {volume.DevicePath} {volume.MountPath}", cancellationToken);

            // The server of a database runs as another user, and the folders above are root's alone.
            await Shell.RunAsync($"chmod o+x {folder} {folder}/..", cancellationToken);
            await Shell.RunAsync($"fio --name=fill --filename={volume.FilePath} --rw=write --bs=1m --size={FileSize} --end_fsync=1 --refill_buffers", cancellationToken);
            return volume;
        }
        catch
        {
            await volume.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes to a file of 1 GiB by fio's command line for some seconds; the writes a second.</summary>
    public async Task<double> WriteAsync(string command, CancellationToken cancellationToken)
    {
        string output = await Shell.RunAsync($"{command} --name=w --filename={FilePath} --size={FileSize} --time_based --output-format=json", cancellationToken);
        using JsonDocument document = JsonDocument.Parse(output.AsMemory(output.IndexOf('{')));
        return document.RootElement.GetProperty("jobs")[0].GetProperty("write").GetProperty("iops").GetDouble();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (DevicePath.Length > 0)
        {
            await Shell.RunAsync($"if mountpoint -q {MountPath}; then umount {MountPath}; fi; PATH=$PATH:/usr/sbin losetup --detach {DevicePath}", CancellationToken.None);
        }

        Directory.Delete(_folder, recursive: true);
    }
}
