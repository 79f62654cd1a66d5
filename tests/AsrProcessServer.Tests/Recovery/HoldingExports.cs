using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Recovery;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>The real exports, but the second disk that is to be written to a file through one holds, once, until it is cancelled.</summary>
internal sealed class HoldingExports(IExportHost inner, HoldingExports.Hold hold) : IExportHost
{
    public async Task<string> AddAsync(string name, IBlockDevice device, CancellationToken cancellationToken)
    {
        if (name.StartsWith("file.", System.StringComparison.Ordinal) && Interlocked.Increment(ref hold.Calls) == 2)
        {
            hold.Held.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        return await inner.AddAsync(name, device, cancellationToken);
    }

    public Task RemoveAsync(string name) => inner.RemoveAsync(name);

    public string? FindUri(string name) => inner.FindUri(name);

    /// <summary>What outlives a restart of the appliance.</summary>
    internal sealed class Hold
    {
        public int Calls;

        public TaskCompletionSource Held { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
