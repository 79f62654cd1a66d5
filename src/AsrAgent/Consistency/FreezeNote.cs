using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Consistency;

/// <summary>
/// What a running agent has frozen or is about to, for the next one: should agent and watchdog both be killed in the middle, its start thaws it. In a folder in memory, which is
/// never frozen.
/// </summary>
internal sealed record FreezeNote
{
    /// <summary>Where notes are by default.</summary>
    public const string DefaultFolder = "/run/asr-agent";

    /// <summary>The run of the system.</summary>
    public Guid BootId { get; init; }

    /// <summary>The process that wrote it.</summary>
    public int ProcessId { get; init; }

    /// <summary>When that process was started, as the kernel counts it: an id alone may be another process's by now.</summary>
    public long ProcessStart { get; init; }

    /// <summary>The file systems.</summary>
    public IReadOnlyList<NotedFileSystem> FileSystems { get; init; } = [];

    /// <summary>Where the agent of a state folder has its note.</summary>
    public static string PathFor(string statePath, string folder = DefaultFolder) =>
        Path.Combine(folder, "frozen" + Path.GetFullPath(statePath).Replace('/', '-') + ".json");

    /// <summary>Writes down what is about to be frozen.</summary>
    public static void Write(string path, IReadOnlyList<NotedFileSystem> fileSystems)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        StateFile.WriteVolatile(path, new FreezeNote
        {
            BootId = BootIdentity.Read(),
            ProcessId = Environment.ProcessId,
            ProcessStart = StartOf(Environment.ProcessId) ?? 0,
            FileSystems = fileSystems,
        });
    }

    /// <summary>Removes the note: nothing is frozen.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Stale it does no harm: to thaw what is not frozen is refused.
        }
    }

    /// <summary>
    /// Thaws what an agent that is gone left frozen, and gives the mount points. To be called before anything is written: where the state folder is on such a file system, the first
    /// write would wait for ever.
    /// </summary>
    public static IReadOnlyList<string> ThawLeftovers(string path)
    {
        FreezeNote? note;
        try
        {
            note = StateFile.Read<FreezeNote>(path);
        }
        catch (AsrException)
        {
            // No one else writes it; a part of one cannot be, since it is replaced as a whole.
            note = null;
        }

        if (note is null || note.BootId != BootIdentity.Read() || StartOf(note.ProcessId) == note.ProcessStart)
        {
            return [];
        }

        List<string> thawed = [];
        IReadOnlyList<MountEntry> mounts = MountTable.Read();

        // The lowest first: to thaw one that stands on another may need that other thawed.
        for (int i = note.FileSystems.Count - 1; i >= 0; i--)
        {
            NotedFileSystem noted = note.FileSystems[i];
            if (OpenedFileSystem.TryOpen(mounts, noted) is { } fileSystem)
            {
                using (fileSystem)
                {
                    if (FreezeCalls.Thaw(fileSystem.Descriptor) == 0)
                    {
                        thawed.Add(noted.MountPoint);
                    }
                }
            }
        }

        Remove(path);
        return thawed;
    }

    // The 22nd field of the process's state; the name in parentheses before may hold anything.
    private static long? StartOf(int processId)
    {
        try
        {
            string state = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            string[] fields = state[(state.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length > 19 && fields[0] is not ("Z" or "X") && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out long start) ? start : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

/// <summary>A file system in a note.</summary>
internal sealed record NotedFileSystem
{
    /// <summary>Major number of its device.</summary>
    public uint Major { get; init; }

    /// <summary>Minor number.</summary>
    public uint Minor { get; init; }

    /// <summary>Where it was opened.</summary>
    public string MountPoint { get; init; } = "";
}
