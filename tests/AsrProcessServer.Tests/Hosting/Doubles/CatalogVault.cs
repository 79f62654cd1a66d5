using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Scrub;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>A vault of documents only; whoever asks it for disk data has taken a way these tests do not mean.</summary>
internal sealed class CatalogVault(AsrVault description) : IVault
{
    public AsrVault Description => description;

    public ICatalog Catalog { get; } = new MemoryCatalog();

    public ISecretBox Secrets => throw new NotSupportedException();

    public long SpoolBytes => 4_096;

    public Task<IReplicaWriter> TakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StreamPosition> GetHeadAsync(Guid diskId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Guid?> FindMachineAsync(Guid diskId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IBlockDevice> OpenAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<CompactionResult> CompactAsync(Guid diskId, KeptHistory kept, CompactionOptions options, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public IAsyncEnumerable<ScrubProgress> ScrubAsync(ScrubOptions options, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DeleteDiskAsync(Guid diskId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
