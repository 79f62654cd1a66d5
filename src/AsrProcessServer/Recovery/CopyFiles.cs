using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Vault.Local;

namespace Asr.ProcessServer.Recovery;

/// <summary>
/// The disk files of a copy. A file is written beside its place, as <c>name.raw.&lt;job&gt;.part</c>, and renamed when it is whole and durable, so
/// a disk file is never half a disk. Only files that a copy names are ever replaced or removed.
/// </summary>
public static class CopyFiles
{
    /// <summary>Extension of raw disk files.</summary>
    public const string RawExtension = ".raw";

    private static readonly PhysicalFileLayer Files = new();

    /// <summary>
    /// Names the files of a new copy. Nothing is made yet: the copy is recorded first, so that whatever is made later is known.
    /// </summary>
    /// <param name="copy">The copy, without files.</param>
    /// <param name="folder">Absolute path; need not exist.</param>
    /// <param name="previous">The copy it takes the place of, whose files it may replace; null for none.</param>
    /// <param name="extension">Extension of the files.</param>
    /// <param name="overwrite">True when files that are there may be replaced, whosever they are.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.InvalidArgument"/> or <see cref="AsrErrorCode.AlreadyExists"/>.</exception>
    public static SiteCopy Plan(SiteCopy copy, string folder, SiteCopy? previous, string extension = RawExtension, bool overwrite = false)
    {
        if (!Path.IsPathFullyQualified(folder))
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"Folder '{folder}' is not an absolute path.", "Give an absolute path on the appliance.", folder);
        }
        HashSet<string> taken = new(StringComparer.Ordinal);
        FailoverDisk[] disks = copy.Copy.Disks.Select(disk => disk with { Path = Path.Combine(folder, NameOf(disk.Name, disk.DiskId, taken) + extension), Sha256 = null }).ToArray();
        string?[] own = previous?.Copy.Disks.Select(disk => disk.Path).ToArray() ?? [];
        foreach (FailoverDisk disk in disks)
        {
            if (File.Exists(disk.Path) && !overwrite && !own.Contains(disk.Path))
            {
                throw new AsrException(
                    AsrErrorCode.AlreadyExists, $"File '{disk.Path}' exists and is not this machine's.", "Choose another folder or move the file away.", disk.Path);
            }
        }
        return copy with
        {
            Copy = copy.Copy with { Folder = folder, Disks = disks },
            FolderCreated = previous is not null && previous.Copy.Folder == folder ? previous.FolderCreated : !Directory.Exists(folder),
        };
    }

    /// <summary>Makes the folder of a recorded copy.</summary>
    public static void CreateFolder(SiteCopy copy) => Guard(copy.Copy.Folder, () =>
    {
        Files.CreateDirectory(copy.Copy.Folder);
        return true;
    });

    /// <summary>Where a disk is while it is being written.</summary>
    public static string PartPath(SiteCopy copy, FailoverDisk disk) => $"{disk.Path}.{copy.JobId.ToString("N")[..8]}.part";

    /// <summary>Where the activity log of a disk is.</summary>
    public static string ActivityPath(FailoverDisk disk) => disk.Path + ".activity";

    /// <summary>Puts every written file into its place, durably. Repeating it goes on where it stopped.</summary>
    public static void PutInPlace(SiteCopy copy) => Guard(copy.Copy.Folder, () =>
    {
        foreach (FailoverDisk disk in copy.Copy.Disks)
        {
            string part = PartPath(copy, disk);
            if (File.Exists(part))
            {
                // What the log noted belongs to the content that goes away.
                Files.Delete(ActivityPath(disk));
                Files.Replace(part, disk.Path!);
            }
        }
        Files.SyncDirectory(copy.Copy.Folder);
        return true;
    });

    /// <summary>Removes files that are not in their place yet.</summary>
    public static void RemoveParts(SiteCopy copy) => Guard(copy.Copy.Folder, () =>
    {
        foreach (FailoverDisk disk in copy.Copy.Disks.Where(disk => disk.Path is not null))
        {
            Files.Delete(PartPath(copy, disk));
        }
        return true;
    });

    /// <summary>Removes the activity logs only: the disks stay with their user.</summary>
    public static void RemoveActivity(SiteCopy copy) => Guard(copy.Copy.Folder, () =>
    {
        foreach (FailoverDisk disk in copy.Copy.Disks.Where(disk => disk.Path is not null))
        {
            Files.Delete(ActivityPath(disk));
        }
        return true;
    });

    /// <summary>Removes every file of the copy, and its folder when the copy made it and nothing else is in it.</summary>
    public static void Remove(SiteCopy copy)
    {
        RemoveParts(copy);
        RemoveActivity(copy);
        Guard(copy.Copy.Folder, () =>
        {
            foreach (FailoverDisk disk in copy.Copy.Disks.Where(disk => disk.Path is not null))
            {
                Files.Delete(disk.Path!);
            }
            string folder = copy.Copy.Folder;
            if (copy.FolderCreated && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Files.DeleteDirectory(folder);
            }
            return true;
        });
    }

    /// <summary>Makes a file durable that another program has written.</summary>
    public static void Sync(string path) => Guard(path, () =>
    {
        Files.SyncFile(path);
        return true;
    });

    /// <summary>Turns trouble with the target's storage into an error that names it.</summary>
    public static T Guard<T>(string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(path, error);
        }
    }

    /// <summary>The error for a target that cannot be used.</summary>
    public static AsrException Unavailable(string path, Exception cause) => new(
        AsrErrorCode.TargetUnavailable, $"'{path}' cannot be written: {cause.Message}", "Check free space and permissions, or choose another folder.", path, cause);

    /// <summary>A disk's name as the name of a file without extension, different from those taken.</summary>
    public static string NameOf(string diskName, Guid diskId, HashSet<string> taken)
    {
        string name = new(diskName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_').ToArray());
        name = name.TrimStart('.');
        if (name.Length == 0 || !taken.Add(name))
        {
            name = $"{name}-{diskId:N}";
            taken.Add(name);
        }
        return name;
    }
}
