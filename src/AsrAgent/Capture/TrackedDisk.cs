using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Agent.Capture.Bpf;
using Asr.Agent.Disks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;

namespace Asr.Agent.Capture;

/// <summary>
/// Opens a disk that the machine uses directly. The activity log is in memory that outlives the agent but not the system: it must be written to while every
/// file system is frozen, and after a restart of the system no log could be believed anyway.
/// </summary>
internal static class TrackedDisk
{
    private const string PinFolder = "asr-agent";
    private const string DefaultRuntimeFolder = "/run/asr-agent";

    /// <summary>Half of what a served disk may have: no write waits here, only what was read and is to be sent.</summary>
    private const long QueueBytesMax = 32 << 20;

    /// <summary>Folder for what must outlive the agent only: systemd's, or one like it.</summary>
    public static string RuntimeFolder => Environment.GetEnvironmentVariable("RUNTIME_DIRECTORY") is { Length: > 0 } given ? given : DefaultRuntimeFolder;

    /// <summary>Where a disk's tracker is pinned.</summary>
    public static string PinPath(Guid diskId) => Path.Combine(BpfFileSystem.Require(), PinFolder, diskId.ToString("N"));

    /// <summary>Where a disk's activity log is.</summary>
    public static string ActivityLogPath(Guid diskId) => Path.Combine(RuntimeFolder, $"activity-{diskId:D}.log");

    /// <summary>Takes over or begins the tracking of a disk. Throws <see cref="AsrException"/> when it cannot be protected; then nothing of it stays open.</summary>
    /// <param name="option">The disk.</param>
    /// <param name="known">Its entry in the registry.</param>
    public static async Task<DiskCapture> OpenAsync(DiskOption option, DiskEntry known)
    {
        BlockDeviceFacts facts = BlockDeviceFacts.Of(option.DiskPath);
        known.RequireSize(facts.SizeBytes);
        DirectDisk source = DirectDisk.Open(facts.DevicePath);
        IChangeTracker? tracker = null;
        try
        {
            tracker = OpenTracker(facts, known.Id);
            Directory.CreateDirectory(RuntimeFolder);
            string log = ActivityLogPath(known.Id);
            if (tracker.IsNew || known.Path != option.DiskPath)
            {
                // What was written between the log's last mark and this tracking is not in it.
                File.Delete(log);
            }

            ActivityLog activity = ActivityLog.Open(log, known.Id, source.Length, ifMissing: WhyMissing(known));
            return new DiskCapture(known.Id, option.Name, source, activity, new DiskCaptureOptions { QueueBytesMax = QueueBytesMax }, tracker);
        }
        catch (Exception error)
        {
            tracker?.Dispose();
            await source.DisposeAsync().ConfigureAwait(false);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new AsrException(
                    AsrErrorCode.DiskUnreadable,
                    $"Disk '{option.Name}' cannot be tracked: {error.Message}",
                    $"Check that the agent runs as root and that {RuntimeFolder} has space.",
                    option.Name,
                    error);
            }

            throw;
        }
    }

    private static IChangeTracker OpenTracker(BlockDeviceFacts facts, Guid diskId)
    {
        try
        {
            return WriteTracker.Open(facts, PinPath(diskId));
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.CaptureUnavailable)
        {
            return new ScanTracker(facts, AsrError.From(error));
        }
    }

    private static ActivityLogState WhyMissing(DiskEntry known) => known.TrackedInBoot switch
    {
        null => ActivityLogState.New,
        { } boot when boot != BootIdentity.Read() => ActivityLogState.Rebooted,
        _ => ActivityLogState.TrackingLost,
    };
}
