using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Hosting;
using HostProcess = System.Diagnostics.Process;

namespace Asr.ProcessServer.Recovery.Mounts;

/// <summary>
/// The disks of one mount as files of the host (<c>nbdfuse</c>), with their file systems mounted through loop devices. What there will be is recorded
/// before it is made, and taken down by what the kernel then shows, so that taking down is one thing after a dismount, after a failure half-way and
/// after a killed process. One caller at a time.
/// </summary>
/// <param name="recordFolder">Where the record is kept, in the appliance's work folder.</param>
/// <param name="folder">Where the disks appear; absolute.</param>
internal sealed class HostAttachment(string recordFolder, string folder)
{
    private const string RecordName = "attached.json";
    private const int RecordBytesMax = 1 << 20;

    private static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(20);

    private readonly List<HostProcess> _servers = [];
    private Record? _record;

    /// <summary>Attaches the disks and gives them back with what they hold. After a failure the caller detaches.</summary>
    /// <param name="disks">The disks, served already.</param>
    /// <param name="isReadOnly">The exports refuse writes.</param>
    /// <param name="isWritable">Mount the file systems so that they can be written.</param>
    /// <param name="cancellationToken">Stops half-way.</param>
    public async Task<IReadOnlyList<AsrMountedDisk>> AttachAsync(
        IReadOnlyList<AsrMountedDisk> disks, bool isReadOnly, bool isWritable, CancellationToken cancellationToken)
    {
        Check();
        // The kernel's tables name places without links; ours must be found in them.
        string place = (await HostTools.RunAsync(cancellationToken, "readlink", "--canonicalize-missing", folder)).Output.TrimEnd('\n');
        _record = Plan(place, disks);
        Directory.CreateDirectory(recordFolder);
        await File.WriteAllBytesAsync(Path.Combine(recordFolder, RecordName), JsonSerializer.SerializeToUtf8Bytes(_record, AsrJson.Indented), cancellationToken);
        CopyFiles.Guard(place, () => Directory.CreateDirectory(place));
        List<AsrMountedDisk> attached = [];
        for (int i = 0; i < disks.Count; i++)
        {
            RecordedDisk own = _record.Disks[i];
            await ServeAsync(disks[i], own, isReadOnly, cancellationToken);
            List<AsrMountedVolume> volumes = [];
            foreach (AsrMountedVolume volume in await DiskVolumes.FindAsync(own.File, disks[i].SizeBytes, cancellationToken))
            {
                volumes.Add(volume.FileSystem is null ? volume : await MountAsync(volume, own, isReadOnly, isWritable, cancellationToken));
            }
            attached.Add(disks[i] with { AttachedPath = own.File, Volumes = volumes });
        }
        return attached;
    }

    /// <summary>Takes everything down. It may be repeated.</summary>
    /// <param name="evenInUse">Let go of file systems that are in use too; else <see cref="AsrErrorCode.InUse"/>.</param>
    public async Task DetachAsync(bool evenInUse)
    {
        if (_record is not null)
        {
            await TakeDownAsync(_record, evenInUse);
            _record = null;
        }
        foreach (HostProcess server in _servers)
        {
            // It ends by itself with its mount; one that hangs must not outlive the export.
            using CancellationTokenSource patience = new(ToolTimeout);
            await server.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await HostTools.EndAsync(server);
            server.Dispose();
        }
        _servers.Clear();
    }

    /// <summary>Takes down what the process that kept its record in this folder has left attached.</summary>
    public static async Task SweepAsync(string recordFolder)
    {
        FileInfo file = new(Path.Combine(recordFolder, RecordName));
        if (file is { Exists: true, Length: <= RecordBytesMax } && Read(await File.ReadAllBytesAsync(file.FullName)) is { } record)
        {
            await TakeDownAsync(record, evenInUse: true);
        }
    }

    private static Record? Read(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<Record>(content, AsrJson.Options);
        }
        catch (JsonException)
        {
            // Cut off by a crash: it is written whole before anything is attached.
            return null;
        }
    }

    private void Check()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            throw new AsrException(
                AsrErrorCode.OperationNotAllowed, "Attaching disks to the appliance's host needs Linux, and the appliance to run as root.",
                "Leave the folder out and use the NBD exports.", folder);
        }
        HostTools.Demand("nbdfuse", "setsid", "blkid", "partx", "losetup", "mount", "umount");
        if (!File.Exists("/dev/fuse"))
        {
            throw new AsrException(
                AsrErrorCode.AttachFailed, "The appliance's host has no /dev/fuse.", "Load the kernel module 'fuse', or give the container the device.", "/dev/fuse");
        }
    }

    private static Record Plan(string folder, IReadOnlyList<AsrMountedDisk> disks)
    {
        HashSet<string> taken = new(StringComparer.Ordinal);
        List<RecordedDisk> places = [];
        foreach (AsrMountedDisk disk in disks)
        {
            string directory = Path.Combine(folder, CopyFiles.NameOf(disk.Name, disk.DiskId, taken));
            string file = directory + CopyFiles.RawExtension;
            if (Path.Exists(file) || Path.Exists(directory))
            {
                throw new AsrException(AsrErrorCode.AlreadyExists, $"'{directory}' or its disk file exists.", "Choose another folder or move it away.", directory);
            }
            places.Add(new RecordedDisk(file, directory));
        }
        return new Record(folder, !Directory.Exists(folder), places);
    }

    /// <summary>Makes the disk a file, by <c>nbdfuse</c> in a session of its own: it must outlive a Ctrl-C that is meant for the appliance, to be unmounted in order.</summary>
    private async Task ServeAsync(AsrMountedDisk disk, RecordedDisk place, bool isReadOnly, CancellationToken cancellationToken)
    {
        CopyFiles.Guard(place.File, () =>
        {
            using FileStream made = new(place.File, FileMode.CreateNew);
            return true;
        });
        HostProcess server = HostTools.Start("setsid", isReadOnly ? ["nbdfuse", "-r", place.File, disk.ExportUri] : ["nbdfuse", place.File, disk.ExportUri]);
        _servers.Add(server);
        Task<string> messages = server.StandardError.ReadToEndAsync(CancellationToken.None);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ToolTimeout);
        while (HostMounts.At(place.File).Count == 0)
        {
            if (server.HasExited || limit.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                string why = server.HasExited ? HostTools.Shorten(await messages) : $"it was not ready after {ToolTimeout.TotalSeconds:0} seconds";
                throw Failed($"Disk '{disk.Name}' cannot be attached at '{place.File}': nbdfuse: {why}", place.File);
            }
            await Task.Delay(Round, CancellationToken.None);
        }
    }

    private static async Task<AsrMountedVolume> MountAsync(
        AsrMountedVolume volume, RecordedDisk place, bool isReadOnly, bool isWritable, CancellationToken cancellationToken)
    {
        string offset = volume.OffsetBytes.ToString(CultureInfo.InvariantCulture);
        string size = volume.SizeBytes.ToString(CultureInfo.InvariantCulture);
        string[] access = isReadOnly ? ["--read-only"] : [];
        ToolResult loop = await HostTools.RunAsync(
            cancellationToken, "losetup", ["--find", "--show", .. access, "--offset", offset, "--sizelimit", size, place.File]);
        if (loop.ExitCode != 0)
        {
            throw Failed($"No loop device for '{place.File}': {loop.Error}", place.File);
        }
        string device = loop.Output.Trim();
        string path = volume.Partition == 0 ? place.Directory : Path.Combine(place.Directory, $"p{volume.Partition}");
        Directory.CreateDirectory(path);
        ToolResult mounted = await HostTools.RunAsync(
            cancellationToken, "mount", "-t", volume.FileSystem!, "-o", Options(volume.FileSystem!, isReadOnly, isWritable), device, path);
        return mounted.ExitCode == 0
            ? volume with { DevicePath = device, Path = path }
            : volume with { DevicePath = device, Problem = mounted.Error };
    }

    /// <summary>
    /// A point is a disk as after a power cut: its file systems replay their journals, into the overlay, even when they are mounted for reading. On a read-only
    /// export they cannot, and are told not to. Nothing in a recovered file system may act with the rights of its owners here.
    /// </summary>
    private static string Options(string fileSystem, bool isReadOnly, bool isWritable)
    {
        List<string> options = ["nosuid", "nodev", isWritable && !isReadOnly ? "rw" : "ro"];
        if (fileSystem == "xfs")
        {
            // The machine itself, or another of its points, may be mounted here under the same id.
            options.Add("nouuid");
        }
        if (isReadOnly && fileSystem is "ext3" or "ext4")
        {
            options.Add("noload");
        }
        if (isReadOnly && fileSystem == "xfs")
        {
            options.Add("norecovery");
        }
        return string.Join(',', options);
    }

    private static async Task TakeDownAsync(Record record, bool evenInUse)
    {
        foreach ((string file, string directory) in record.Disks)
        {
            foreach (string point in HostMounts.At(directory))
            {
                await UnmountAsync(point, evenInUse);
            }
            foreach (string device in HostMounts.LoopsOver(file))
            {
                await HostTools.RunAsync(CancellationToken.None, "losetup", "--detach", device);
            }
            foreach (string point in HostMounts.At(file))
            {
                await UnmountAsync(point, evenInUse);
            }
            RemoveEmpty(directory);
            if (File.Exists(file))
            {
                File.Delete(file);
            }
        }
        if (record.FolderCreated && Directory.Exists(record.Folder) && !Directory.EnumerateFileSystemEntries(record.Folder).Any())
        {
            Directory.Delete(record.Folder);
        }
    }

    private static async Task UnmountAsync(string point, bool evenInUse)
    {
        ToolResult result = await HostTools.RunAsync(CancellationToken.None, "umount", point);
        if (result.ExitCode == 0 || HostMounts.At(point).Count == 0)
        {
            return;
        }
        if (!evenInUse)
        {
            throw new AsrException(
                AsrErrorCode.InUse, $"'{point}' is in use: {result.Error}", "Close what uses it (see: fuser -vm) and dismount again.", point);
        }
        result = await HostTools.RunAsync(CancellationToken.None, "umount", "--lazy", point);
        if (result.ExitCode != 0)
        {
            throw Failed($"'{point}' cannot be unmounted: {result.Error}", point);
        }
    }

    /// <summary>Removes the empty folders that were mounted over; a file that someone has put beside them stays, and its folders.</summary>
    private static void RemoveEmpty(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }
        foreach (string inner in Directory.EnumerateDirectories(directory).Append(directory))
        {
            if (!Directory.EnumerateFileSystemEntries(inner).Any())
            {
                Directory.Delete(inner);
            }
        }
    }

    private static AsrException Failed(string message, string target) => new(AsrErrorCode.AttachFailed, message, "Leave the folder out and use the NBD exports, or see the host's kernel log.", target);

    /// <summary>What there is, or may be, of one attachment on the host.</summary>
    private sealed record Record(string Folder, bool FolderCreated, IReadOnlyList<RecordedDisk> Disks);

    /// <summary>One disk: the file that it is, and the folder below which its file systems are.</summary>
    private sealed record RecordedDisk(string File, string Directory);
}
