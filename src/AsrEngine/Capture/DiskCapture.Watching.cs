using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.Engine.Capture;

/// <content>What a verification needs of a disk.</content>
public sealed partial class DiskCapture
{
    /// <summary>
    /// Ends once every write to a range that had begun through this object has ended. Those that begin later wait for it no longer than it waited for others.
    /// </summary>
    internal async Task WaitForWritesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        using RangeLock.Holder range = await HoldAsync(offset, length, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps writes through this object out of a range until the result is disposed.</summary>
    internal ValueTask<RangeLock.Holder> HoldAsync(long offset, long length, CancellationToken cancellationToken) =>
        _ranges.AcquireAsync(offset, length, exclusive: true, cancellationToken);
}
