using System;
using System.IO;
using Asr.Contracts;

namespace Asr.ProcessServer.Hosting;

/// <summary>
/// The appliance's folder, held for one process: two appliances on one spool would each take the other's unsent changes for their own.
/// The lock ends with the process, however it ends.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    private const string LockName = "appliance.lock";
    private readonly FileStream _lock;

    private WorkFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>Absolute path.</summary>
    public string Path { get; }

    /// <summary>Folder of the log files.</summary>
    public string LogFolder => System.IO.Path.Combine(Path, "logs");

    /// <summary>Folder of changes that wait for the vault's storage.</summary>
    public string SpoolFolder => System.IO.Path.Combine(Path, "spool");

    /// <summary>Creates the folder when it is missing, readable by its owner only, and takes its lock.</summary>
    public static WorkFolder Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(full);
            }
            else
            {
                Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.ApplianceStartFailed, $"The work folder {full} cannot be made: {error.Message}",
                "Name a folder this account may write to.", full, error);
        }

        try
        {
            // FileShare.None is an advisory lock of the whole file on Unix (flock): the file itself stays behind and means nothing.
            return new WorkFolder(full, new FileStream(System.IO.Path.Combine(full, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error)
        {
            throw new AsrException(AsrErrorCode.InUse, $"The work folder {full} is used by another appliance.",
                "Stop that appliance, or give this one a work folder of its own.", full, error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new AsrException(AsrErrorCode.ApplianceStartFailed, $"The work folder {full} cannot be written: {error.Message}",
                "Name a folder this account may write to.", full, error);
        }
    }

    /// <summary>Lets the folder go.</summary>
    public void Dispose() => _lock.Dispose();
}
