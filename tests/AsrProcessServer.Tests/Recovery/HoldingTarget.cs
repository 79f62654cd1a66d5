using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Compute.Disks;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>Writes disks as the real target does, but holds at the first one, half-way, until it is cancelled.</summary>
internal sealed class HoldingTarget : IComputeTarget
{
    private readonly DisksTarget _inner = new();
    private int _calls;

    public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<WrittenDisk> WriteDiskAsync(IBlockDevice source, string path, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        WrittenDisk written = await _inner.WriteDiskAsync(source, path, progress, cancellationToken);
        if (Interlocked.Increment(ref _calls) == 1)
        {
            Held.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        return written;
    }
}
