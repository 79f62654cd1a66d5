using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>
/// Writes a whole disk to a new, sparse file, durable when it returns; a file that is there is replaced. What fails at the target is
/// <see cref="AsrErrorCode.TargetUnavailable"/> or <see cref="AsrErrorCode.DiskFull"/>; a partly written file may stay.
/// </summary>
internal static class DiskFile
{
    /// <summary>The disk's bytes and nothing else.</summary>
    public static Task<WrittenDisk> WriteRawAsync(IBlockDevice source, string path, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken) =>
        WriteAsync(source, path, source.Length, ReadOnlyMemory<byte>.Empty, progress, cancellationToken);

    /// <summary>A fixed VHD: the disk, zeros up to a whole MiB, the footer.</summary>
    /// <param name="source">The disk; stays the caller's.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="identity">Names the content: the same one gives the same file.</param>
    /// <param name="time">Time of the content.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Task<WrittenDisk> WriteVhdAsync(
        IBlockDevice source, string path, Guid identity, DateTimeOffset time, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        long length = VhdFooter.RoundUp(source.Length);
        return WriteAsync(source, path, length, VhdFooter.Create(length, identity, time), progress, cancellationToken);
    }

    private static async Task<WrittenDisk> WriteAsync(
        IBlockDevice source, string path, long paddedBytes, ReadOnlyMemory<byte> footer, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        try
        {
            File.Delete(path);
            FileBlockDevice target = FileBlockDevice.Create(path, paddedBytes + footer.Length);
            await using (target.ConfigureAwait(false))
            {
                using DiskCopy copy = new(source, target);
                await copy.RunAsync(progress, cancellationToken);
                string content = copy.Sha256();
                copy.Append(new byte[paddedBytes - source.Length]);
                copy.Append(footer.Span);
                await target.WriteAsync(paddedBytes, footer, cancellationToken);
                await target.FlushAsync(cancellationToken);
                return new WrittenDisk(content, copy.BytesWritten + footer.Length) { FileSha256 = copy.Sha256() };
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CopyFiles.Unavailable(path, error);
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.DiskUnreadable && error.Target == path)
        {
            throw CopyFiles.Unavailable(path, error);
        }
    }
}
