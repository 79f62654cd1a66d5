using System;
using System.IO;
using Asr.Contracts;

namespace Asr.Agent.State;

/// <summary>
/// The right of one process to use a state folder: two agents on one activity log would clear each other's marks. The system releases it when the
/// process ends, however it ends.
/// </summary>
internal sealed class StateLock : IDisposable
{
    private readonly FileStream _file;

    private StateLock(FileStream file) => _file = file;

    /// <summary>Takes the lock or throws <see cref="AsrErrorCode.InUse"/> at once.</summary>
    public static StateLock Take(StateFolder folder) => TryTake(folder) ?? throw new AsrException(
        AsrErrorCode.InUse,
        $"The state folder '{folder.Path}' is in use by another asr-agent process.",
        "Stop that agent, or give this one a state folder of its own.",
        folder.Path);

    /// <summary>True while some process holds the lock.</summary>
    public static bool IsHeld(StateFolder folder)
    {
        using StateLock? taken = TryTake(folder);
        return taken is null;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static StateLock? TryTake(StateFolder folder)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new StateLock(new FileStream(folder.LockFile, options));
        }
        catch (IOException error) when (error is not (FileNotFoundException or DirectoryNotFoundException))
        {
            // The share mode is kept with flock; its refusal is a plain IOException.
            return null;
        }
    }
}
