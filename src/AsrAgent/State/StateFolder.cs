using System;
using System.IO;
using System.Linq;
using Asr.Contracts;

namespace Asr.Agent.State;

/// <summary>
/// Where an agent keeps what must outlive it: identity, disk ids, activity logs, status, logs. Open to its owner only. Immutable.
/// </summary>
internal sealed class StateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private StateFolder(string path) => Path = path;

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Certificate, key, authority and endpoints.</summary>
    public string IdentityFile => At("identity.json");

    /// <summary>The key of an enrollment whose answer has not come yet.</summary>
    public string PendingEnrollmentFile => At("enrollment.json");

    /// <summary>Ids of the disks.</summary>
    public string DisksFile => At("disks.json");

    /// <summary>The last assignment taken up.</summary>
    public string AssignmentFile => At("assignment.json");

    /// <summary>What the running agent does, replaced every second.</summary>
    public string StatusFile => At("status.json");

    /// <summary>Log files.</summary>
    public string LogFolder => At("logs");

    /// <summary>The lock of the one agent process that may use the folder.</summary>
    public string LockFile => At("lock");

    /// <summary>Activity log of a disk.</summary>
    public string ActivityLogFile(Guid diskId) => At($"activity-{diskId:D}.log");

    /// <summary>Opens a state folder that exists.</summary>
    public static StateFolder Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        return Directory.Exists(full)
            ? new StateFolder(full)
            : throw new AsrException(AsrErrorCode.NotFound, $"There is no state folder '{full}'.", "Run asr-agent enroll first, or correct --state.", full);
    }

    /// <summary>Opens a state folder, creating it when it does not exist. A folder that holds other things is refused, because it would be closed to everyone else.</summary>
    public static StateFolder OpenOrCreate(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        StateFolder folder = new(full);
        try
        {
            if (!Directory.Exists(full))
            {
                CreateOwnerOnly(full);
                return folder;
            }

            bool isOurs = File.Exists(folder.LockFile) || File.Exists(folder.IdentityFile);
            if (!isOurs && Directory.EnumerateFileSystemEntries(full).Any())
            {
                throw new AsrException(AsrErrorCode.InvalidArgument, $"'{full}' holds other files and is no agent's state folder.", "Name a new or empty folder.", full);
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(full, OwnerOnly);
            }

            return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"The state folder '{full}' cannot be used: {error.Message}", "Choose a folder this user may write.", full, error);
        }
    }

    private static void CreateOwnerOnly(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, OwnerOnly);
    }

    private string At(string name) => System.IO.Path.Combine(Path, name);
}
