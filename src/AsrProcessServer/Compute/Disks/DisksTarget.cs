using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Compute.Disks;

/// <summary>The target that knows only disks: raw, sparse files in a folder, to be used by whatever can open them.</summary>
public sealed class DisksTarget : IComputeTarget
{
    /// <inheritdoc />
    public Task<WrittenDisk> WriteDiskAsync(IBlockDevice source, string path, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken) =>
        DiskFile.WriteRawAsync(source, path, progress, cancellationToken);
}
