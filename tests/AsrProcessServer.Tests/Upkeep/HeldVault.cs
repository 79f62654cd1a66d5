using System;
using System.Collections.Generic;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Scrub;

namespace Asr.ProcessServer.Tests.Upkeep;

/// <summary>A vault whose scrubs stop behind so many objects until they are let go on, or ended.</summary>
internal sealed class HeldVault(IVault inner, int holdBehind) : IVault
{
    private readonly TaskCompletionSource _going = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Held => _held.Task;

    public AsrVault Description => inner.Description;

    public ICatalog Catalog => inner.Catalog;

    public ISecretBox Secrets => inner.Secrets;

    public long SpoolBytes => inner.SpoolBytes;

    public void GoOn() => _going.TrySetResult();

    public async IAsyncEnumerable<ScrubProgress> ScrubAsync(ScrubOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int objects = 0;
        await foreach (ScrubProgress progress in inner.ScrubAsync(options, cancellationToken))
        {
            yield return progress;
            if (++objects == holdBehind)
            {
                _held.TrySetResult();
                await _going.Task.WaitAsync(cancellationToken);
            }
        }
    }

    public Task<IReplicaWriter> TakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) => inner.TakeOverAsync(diskId, request, cancellationToken);

    public Task<StreamPosition> GetHeadAsync(Guid diskId, CancellationToken cancellationToken) => inner.GetHeadAsync(diskId, cancellationToken);

    public Task<Guid?> FindMachineAsync(Guid diskId, CancellationToken cancellationToken) => inner.FindMachineAsync(diskId, cancellationToken);

    public Task<IBlockDevice> OpenAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken) => inner.OpenAsync(diskId, position, cancellationToken);

    public Task<CompactionResult> CompactAsync(Guid diskId, KeptHistory kept, CompactionOptions options, CancellationToken cancellationToken) =>
        inner.CompactAsync(diskId, kept, options, cancellationToken);

    public Task DeleteDiskAsync(Guid diskId, CancellationToken cancellationToken) => inner.DeleteDiskAsync(diskId, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
