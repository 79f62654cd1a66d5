using System;
using System.IO;
using System.IO.Hashing;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Capture;

/// <content>Opening: what the file proves, case by case.</content>
public sealed unsafe partial class ActivityLog
{
    // A slot of its own page each, so that no torn sector can reach both; then a page for the sequence, then the bits.
    private const int SlotBytes = 4096;
    private const int SequenceAt = 2 * SlotBytes;
    private const int BitsAt = 3 * SlotBytes;

    /// <summary>Opens the log of a disk, or makes one. The cases, in order:</summary>
    /// <remarks>
    /// <list type="bullet">
    /// <item>No file: <see cref="ActivityLogState.New"/>, nothing marked, epoch 0, so the first session decides; or what the caller knows to have happened to it.</item>
    /// <item>No valid header, another disk's header, a wrong length, or an orderly end whose content hash does not fit:
    /// <see cref="ActivityLogState.Corrupt"/>. A new log replaces it, everything marked.</item>
    /// <item>Another disk size: <see cref="ActivityLogState.SizeChanged"/>, likewise.</item>
    /// <item>Orderly end, but the disk's stamp is not the one of that time: <see cref="ActivityLogState.SourceChanged"/>: it was written past the capture.
    /// Everything is marked.</item>
    /// <item>Orderly end: <see cref="ActivityLogState.Trusted"/> whatever the boot id, since all was on the disk.</item>
    /// <item>No orderly end, same boot: <see cref="ActivityLogState.Trusted"/>: the page cache has every store.</item>
    /// <item>No orderly end, another boot: <see cref="ActivityLogState.Rebooted"/>: some marks may never have reached the disk. Everything is marked.</item>
    /// </list>
    /// Where everything is marked the doubt survives a crash right after, because the marks do.
    /// </remarks>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="diskId">The disk.</param>
    /// <param name="diskBytes">Its size.</param>
    /// <param name="bootId">Identity of this run of the system; null for <see cref="BootIdentity.Read"/>.</param>
    /// <param name="source">The disk, when it can tell whether it was changed meanwhile; must stay open as long as the log.</param>
    /// <param name="ifMissing">What it means that there is no file.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.DiskBusy"/> when another process has the log open.</exception>
    public static ActivityLog Open(
        string path, Guid diskId, long diskBytes, Guid? bootId = null, IChangeStamped? source = null, ActivityLogState ifMissing = ActivityLogState.New)
    {
        Guid boot = bootId ?? BootIdentity.Read();
        if (!File.Exists(path))
        {
            return Create(path, diskId, diskBytes, boot, ifMissing, source, isBeingRestored: false);
        }

        SafeFileHandle file = OpenFile(path);
        try
        {
            ActivityLogState state = Examine(file, diskId, diskBytes, boot, source, out ActivityLogHeader header);
            if (state is ActivityLogState.Corrupt or ActivityLogState.SizeChanged)
            {
                file.Dispose();
                // What the marks were is lost, but half a failback stays half a failback.
                return Create(path, diskId, diskBytes, boot, state, source, header.DiskId == diskId && header.IsBeingRestored);
            }

            ActivityLog log = new(file, header, state, source);
            if (state is ActivityLogState.Rebooted or ActivityLogState.SourceChanged)
            {
                log.MarkAll();
                log._view.Flush();
            }

            // From here on the log is open: a crash must not find it clean.
            log.WriteHeader(header with { IsClean = false, ContentHash = 0, SourceStamp = 0, BootId = boot });
            return log;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static ActivityLogState Examine(
        SafeFileHandle file, Guid diskId, long diskBytes, Guid boot, IChangeStamped? source, out ActivityLogHeader header)
    {
        if (!TryReadHeader(file, out header) || header.DiskId != diskId || RandomAccess.GetLength(file) != FileBytes(header.DiskBytes))
        {
            return ActivityLogState.Corrupt;
        }

        if (header.DiskBytes != diskBytes)
        {
            return ActivityLogState.SizeChanged;
        }

        if (header.IsClean)
        {
            if (HashContent(file) != header.ContentHash)
            {
                return ActivityLogState.Corrupt;
            }

            long stamp = source?.StampAtOpen ?? 0;
            return stamp != 0 && header.SourceStamp != 0 && stamp != header.SourceStamp ? ActivityLogState.SourceChanged : ActivityLogState.Trusted;
        }

        return header.BootId == boot ? ActivityLogState.Trusted : ActivityLogState.Rebooted;
    }

    private static bool TryReadHeader(SafeFileHandle file, out ActivityLogHeader header)
    {
        Span<byte> slot = stackalloc byte[ActivityLogHeader.Bytes];
        header = default;
        bool found = false;
        for (int i = 0; i < 2; i++)
        {
            int read = RandomAccess.Read(file, slot, i * SlotBytes);
            if (ActivityLogHeader.TryRead(slot[..read], out ActivityLogHeader candidate) && (!found || candidate.Generation > header.Generation))
            {
                header = candidate;
                found = true;
            }
        }

        return found;
    }

    private static ulong HashContent(SafeFileHandle file)
    {
        XxHash3 hash = new();
        byte[] buffer = new byte[64 << 10];
        long at = SequenceAt;
        for (int read; (read = RandomAccess.Read(file, buffer, at)) > 0; at += read)
        {
            hash.Append(buffer.AsSpan(0, read));
        }

        return hash.GetCurrentHashAsUInt64();
    }

    private static ActivityLog Create(string path, Guid diskId, long diskBytes, Guid boot, ActivityLogState state, IChangeStamped? source, bool isBeingRestored)
    {
        if (diskBytes is < 0 or > ReplicationLimits.DiskBytesMax)
        {
            throw new AsrException(
                AsrErrorCode.DiskUnsupported, $"A disk of {diskBytes} bytes is larger than the {ReplicationLimits.DiskBytesMax} that are supported.", "Use smaller disks.");
        }

        string draft = path + ".new";
        ActivityLogHeader header = new()
        {
            DiskId = diskId,
            DiskBytes = diskBytes,
            RegionBytes = ReplicationLimits.DigestRegionBytes,
            BootId = boot,
            SessionNonce = Guid.NewGuid(),
            IsBeingRestored = isBeingRestored,
        };
        File.Delete(draft);

        // Allocated up front: a store into a hole of a full file system would end the process with SIGBUS.
        SafeFileHandle file = File.OpenHandle(
            draft, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, preallocationSize: FileBytes(diskBytes));
        try
        {
            RandomAccess.SetLength(file, FileBytes(diskBytes));
            ActivityLog log = new(file, header, state, source);
            if (state != ActivityLogState.New)
            {
                log.MarkAll();
                log._view.Flush();
            }

            log.WriteHeader(header);

            // The folder is not synced: should a power cut undo this, the next start finds no log, or again the one that was not taken.
            File.Move(draft, path, overwrite: true);
            return log;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenFile(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new AsrException(
                AsrErrorCode.DiskBusy, $"The activity log '{path}' cannot be opened: {error.Message}", "Stop the other agent that serves this disk.", path, error);
        }
    }

    private static long RegionCount(long diskBytes) => (diskBytes + ReplicationLimits.DigestRegionBytes - 1) / ReplicationLimits.DigestRegionBytes;

    private static long FileBytes(long diskBytes) => BitsAt + Math.Max(8, (RegionCount(diskBytes) + 63) / 64 * 8);
}
