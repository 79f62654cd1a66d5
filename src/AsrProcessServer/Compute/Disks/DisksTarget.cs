using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>The target that knows only disks: raw, sparse files in a folder, to be used by whatever can open them.</summary>
public sealed class DisksTarget : IComputeTarget
{
    /// <inheritdoc />
    public async Task<WrittenDisk> WriteDiskAsync(IBlockDevice source, string path, Func<long, ValueTask> progress, CancellationToken cancellationToken)
    {
        try
        {
            File.Delete(path);
            FileBlockDevice target = FileBlockDevice.Create(path, source.Length);
            await using (target.ConfigureAwait(false))
            {
                using DiskCopy copy = new(source, target);
                await copy.RunAsync(progress, cancellationToken);
                await target.FlushAsync(cancellationToken);
                return new WrittenDisk(copy.Sha256(), copy.BytesWritten);
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
