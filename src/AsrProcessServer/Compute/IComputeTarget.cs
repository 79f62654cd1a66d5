using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Compute;

/// <summary>Where failed-over machines run. Safe for concurrent callers.</summary>
public interface IComputeTarget
{
    /// <summary>
    /// Writes a whole disk to a new file at <paramref name="path"/>, durable when it returns; a file that is there is replaced. Repeating it after a
    /// crash begins anew.
    /// </summary>
    /// <param name="source">The disk; stays the caller's.</param>
    /// <param name="path">Absolute path.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellationToken">Stops the work; a partly written file may stay.</param>
    /// <returns>SHA-256 of the disk's content in lower-case hex, and how many bytes were really written.</returns>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.TargetUnavailable"/>, or what reading the source throws.</exception>
    Task<WrittenDisk> WriteDiskAsync(IBlockDevice source, string path, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken);
}

/// <summary>How far the writing of a disk is.</summary>
/// <param name="BytesDone">Bytes of the disk that are done, holes among them.</param>
/// <param name="BytesWritten">Bytes really written.</param>
public readonly record struct DiskProgress(long BytesDone, long BytesWritten);

/// <summary>A disk that has been written out.</summary>
/// <param name="Sha256">SHA-256 of its whole content, lower-case hex.</param>
/// <param name="BytesWritten">Bytes written; holes are not.</param>
public sealed record WrittenDisk(string Sha256, long BytesWritten)
{
    /// <summary>SHA-256 of the file it is in, which may hold more than the disk; lower-case hex.</summary>
    public string FileSha256 { get; init; } = Sha256;
}
