using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Consistency;

/// <summary>
/// Freezes file systems by the kernel's own freeze (FIFREEZE), guarded by a watchdog in a process of its own. All that may wait for a disk (looking at mounts, opening, noting,
/// starting the watchdog) is done before the first freeze; between that and the last thaw there are only system calls on descriptors.
/// Several file systems of one height are frozen side by side: each writes back first, and they need not wait for each other's disk.
/// </summary>
internal sealed class FileSystemQuiescence : IQuiescence, IDisposable
{
    // Each pass makes the next shorter, unless the machine writes faster than its disks: then no number of them helps.
    private const int WriteBackPassesMax = 3;
    private const int WriteBackMsEnough = 100;
    private const int StackBytes = 128 << 10;

    private readonly string _notePath;
    private readonly ThawWatchdog _watchdog;
    private readonly TimeProvider _time;

    /// <summary>Prepares; nothing is started before the first use.</summary>
    /// <param name="notePath">Where it is noted what is frozen; see <see cref="FreezeNote.PathFor"/>.</param>
    /// <param name="watchdog">The watchdog, which becomes this object's.</param>
    /// <param name="time">The clock.</param>
    public FileSystemQuiescence(string notePath, ThawWatchdog watchdog, TimeProvider time)
    {
        _notePath = notePath;
        _watchdog = watchdog;
        _time = time;
    }

    /// <inheritdoc/>
    public void WriteBack(IReadOnlyList<string> devicePaths)
    {
        OpenedFileSystem[] fileSystems = [];
        try
        {
            // Also here, where it costs no frozen time.
            _watchdog.EnsureRunning();
            fileSystems = OpenAll(devicePaths, NewFinder());
            for (int pass = 0; pass < WriteBackPassesMax; pass++)
            {
                long start = Stopwatch.GetTimestamp();
                SideBySide(fileSystems, static fileSystem => FreezeCalls.SyncFileSystem(fileSystem.Descriptor));
                if (Stopwatch.GetElapsedTime(start).TotalMilliseconds < WriteBackMsEnough)
                {
                    break;
                }
            }
        }
        catch (AsrException)
        {
            // The moment itself will tell.
        }
        finally
        {
            Close(fileSystems);
        }
    }

    /// <inheritdoc/>
    public IQuietMoment Begin(IReadOnlyList<string> devicePaths, TimeSpan budget)
    {
        _watchdog.EnsureRunning();
        FileSystemFinder finder = NewFinder();
        OpenedFileSystem[] fileSystems = OpenAll(devicePaths, finder);
        HashSet<string> covered = [.. devicePaths.Where(path => Find([path], finder).Count > 0)];
        bool isArmed = false;
        try
        {
            OpenedFileSystem[][] levels = [.. fileSystems.GroupBy(fileSystem => fileSystem.Height).Select(level => level.ToArray())];
            if (fileSystems.Length > 0)
            {
                Note(fileSystems);
                isArmed = true;
                _watchdog.Arm([.. fileSystems.Select(fileSystem => fileSystem.Descriptor)], budget);
            }

            long start = Stopwatch.GetTimestamp();
            foreach (OpenedFileSystem[] level in levels)
            {
                SideBySide(level, Freeze);
                if (Array.Exists(level, static fileSystem => !fileSystem.IsFrozen && fileSystem.Result != FreezeCalls.NotSupported))
                {
                    break;
                }
            }

            DateTimeOffset since = _time.GetUtcNow();
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            OpenedFileSystem? failed = Array.Find(fileSystems, static fileSystem => !fileSystem.IsFrozen && fileSystem.Result != FreezeCalls.NotSupported);
            if (failed is null && took < budget)
            {
                return new QuietMoment(this, fileSystems, covered, since);
            }

            Thaw(fileSystems);
            throw failed is null ? TooSlow(fileSystems, took, budget) : Refused(failed);
        }
        catch
        {
            // Nothing is frozen any more, or never was.
            if (isArmed)
            {
                _ = Conclude();
            }

            Close(fileSystems);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _watchdog.Dispose();

    private static void Freeze(OpenedFileSystem fileSystem)
    {
        fileSystem.Result = FreezeCalls.Freeze(fileSystem.Descriptor);
        fileSystem.IsFrozen = fileSystem.Result == 0;
        if (fileSystem.Result == FreezeCalls.NotSupported)
        {
            _ = FreezeCalls.SyncFileSystem(fileSystem.Descriptor);
        }
    }

    // The lowest first: to thaw writes, and what is below must be able to take it. False when one was not frozen any more.
    private static bool Thaw(OpenedFileSystem[] fileSystems)
    {
        bool wereFrozen = true;
        for (int i = fileSystems.Length - 1; i >= 0; i--)
        {
            if (fileSystems[i].IsFrozen)
            {
                fileSystems[i].IsFrozen = false;
                wereFrozen &= FreezeCalls.Thaw(fileSystems[i].Descriptor) == 0;
            }
        }

        return wereFrozen;
    }

    // False when the watchdog had to thaw.
    private bool Conclude()
    {
        bool hasFired = _watchdog.Disarm();
        FreezeNote.Remove(_notePath);
        return !hasFired;
    }

    private static FileSystemFinder NewFinder() => new(new BlockDevices(), MountTable.Read());

    private static OpenedFileSystem[] OpenAll(IReadOnlyList<string> devicePaths, FileSystemFinder finder)
    {
        IReadOnlyList<MountedFileSystem> found = Find(devicePaths, finder);
        if (found.Count > WatchdogSocket.DescriptorsMax)
        {
            throw new AsrException(
                AsrErrorCode.QuiesceFailed,
                $"{found.Count} file systems lie on the disks, more than the {WatchdogSocket.DescriptorsMax} that can be frozen at one instant.",
                "Protect fewer disks, or unmount what is not needed.");
        }

        List<OpenedFileSystem> opened = [];
        try
        {
            foreach (MountedFileSystem fileSystem in found)
            {
                opened.Add(OpenedFileSystem.Open(fileSystem));
            }

            return [.. opened];
        }
        catch
        {
            Close(opened);
            throw;
        }
    }

    private static IReadOnlyList<MountedFileSystem> Find(IReadOnlyList<string> devicePaths, FileSystemFinder finder)
    {
        HashSet<DeviceNumber> disks = [.. devicePaths.Select(BlockDevices.NumberOf).Where(number => number is not null).Select(number => number!.Value)];
        return finder.Find(disks);
    }

    private void Note(OpenedFileSystem[] fileSystems)
    {
        try
        {
            FreezeNote.Write(_notePath, [.. fileSystems.Select(fileSystem => new NotedFileSystem
            {
                Major = fileSystem.Mount.Device.Major,
                Minor = fileSystem.Mount.Device.Minor,
                MountPoint = fileSystem.Mount.MountPoint,
            })]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AsrException(
                AsrErrorCode.QuiesceFailed,
                $"It cannot be noted in '{_notePath}' what is to be frozen: {error.Message} Nothing was frozen.",
                "Make the folder writable for the agent.",
                _notePath,
                error);
        }
    }

    private static void SideBySide(OpenedFileSystem[] fileSystems, Action<OpenedFileSystem> act)
    {
        Thread[] threads = [.. fileSystems.Skip(1).Select(fileSystem => new Thread(() => act(fileSystem), StackBytes))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        if (fileSystems.Length > 0)
        {
            act(fileSystems[0]);
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }
    }

    private static void Close(IEnumerable<OpenedFileSystem> fileSystems)
    {
        foreach (OpenedFileSystem fileSystem in fileSystems)
        {
            fileSystem.Dispose();
        }
    }

    private static AsrException Refused(OpenedFileSystem fileSystem)
    {
        string place = fileSystem.Mount.MountPoint;
        return fileSystem.Result == FreezeCalls.Busy
            ? new AsrException(
                AsrErrorCode.QuiesceFailed,
                $"The file system at '{place}' is frozen by another program. All others were thawed at once.",
                $"Wait until a snapshot or backup that runs has ended; if none does, thaw it: fsfreeze --unfreeze '{place}'.",
                place)
            : new AsrException(
                AsrErrorCode.QuiesceFailed,
                $"The file system at '{place}' ({fileSystem.Mount.Type}) cannot be frozen: {Marshal.GetPInvokeErrorMessage(fileSystem.Result)}. All others were thawed at once.",
                "The agent needs root or CAP_SYS_ADMIN. If it has that, look in the kernel's log for faults of the file system.",
                place);
    }

    private static AsrException TooSlow(OpenedFileSystem[] fileSystems, TimeSpan took, TimeSpan budget) => new(
        AsrErrorCode.QuiesceFailed,
        $"To freeze {string.Join(", ", fileSystems.Select(fileSystem => $"'{fileSystem.Mount.MountPoint}'"))} took {took.TotalMilliseconds:0} ms of the {budget.TotalMilliseconds:0} allowed. They were thawed.",
        "The next recovery point tries again. If it stays so, the disks are slower than what is written to them.");

    /// <summary>The file systems of one moment.</summary>
    private sealed class QuietMoment : IQuietMoment
    {
        private readonly FileSystemQuiescence _owner;
        private readonly OpenedFileSystem[] _fileSystems;
        private readonly HashSet<string> _covered;
        private bool _isOver;
        private bool _wasHeld;

        public QuietMoment(FileSystemQuiescence owner, OpenedFileSystem[] fileSystems, HashSet<string> covered, DateTimeOffset since)
        {
            _owner = owner;
            _covered = covered;
            _fileSystems = fileSystems;
            Since = since;
        }

        public DateTimeOffset Since { get; }

        // Put together when asked for: meanwhile nothing is to be made that can wait.
        public IReadOnlyList<string> FileSystems => [.. _fileSystems.Where(static fileSystem => fileSystem.Result == 0).Select(static fileSystem => fileSystem.Mount.MountPoint)];

        public IReadOnlyList<string> Unfreezable => [.. _fileSystems.Where(static fileSystem => fileSystem.Result != 0).Select(static fileSystem => fileSystem.Mount.MountPoint)];

        public bool Covers(string devicePath) => _covered.Contains(devicePath) && !Array.Exists(_fileSystems, static fileSystem => fileSystem.Result != 0);

        public bool End()
        {
            if (!_isOver)
            {
                _isOver = true;
                bool wereFrozen = Thaw(_fileSystems);
                _wasHeld = (_fileSystems.Length == 0 || _owner.Conclude()) && wereFrozen;
                Close(_fileSystems);
            }

            return _wasHeld;
        }

        public void Dispose() => End();
    }
}
