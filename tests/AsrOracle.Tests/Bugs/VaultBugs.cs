using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Scrub;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>A bug in how a disk's stream is stored or compacted.</summary>
internal abstract class VaultBug : PlantedBug
{
    public sealed override IVault Vault(IVault vault) => new Decorated(vault, this);

    protected virtual IReplicaWriter Writer(IReplicaWriter writer) => writer;

    protected virtual KeptHistory Kept(KeptHistory kept) => kept;

    private sealed class Decorated(IVault inner, VaultBug bug) : IVault
    {
        public AsrVault Description => inner.Description;

        public ICatalog Catalog => inner.Catalog;

        public ISecretBox Secrets => inner.Secrets;

        public long SpoolBytes => inner.SpoolBytes;

        public async Task<IReplicaWriter> TakeOverAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
            bug.Writer(await inner.TakeOverAsync(diskId, request, cancellationToken));

        public Task<StreamPosition> GetHeadAsync(Guid diskId, CancellationToken cancellationToken) => inner.GetHeadAsync(diskId, cancellationToken);

        public Task<Guid?> FindMachineAsync(Guid diskId, CancellationToken cancellationToken) => inner.FindMachineAsync(diskId, cancellationToken);

        public Task<IBlockDevice> OpenAsync(Guid diskId, StreamPosition position, CancellationToken cancellationToken) =>
            inner.OpenAsync(diskId, position, cancellationToken);

        public Task<CompactionResult> CompactAsync(Guid diskId, KeptHistory kept, CompactionOptions options, CancellationToken cancellationToken) =>
            inner.CompactAsync(diskId, bug.Kept(kept), options, cancellationToken);

        public IAsyncEnumerable<ScrubProgress> ScrubAsync(ScrubOptions options, CancellationToken cancellationToken) => inner.ScrubAsync(options, cancellationToken);

        public Task DeleteDiskAsync(Guid diskId, CancellationToken cancellationToken) => inner.DeleteDiskAsync(diskId, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}

/// <summary>Passes everything on.</summary>
internal class WriterDecorator(IReplicaWriter inner) : IReplicaWriter
{
    protected IReplicaWriter Inner => inner;

    public ReplicationSession Session => inner.Session;

    public IBlockDevice Current => inner.Current;

    public StoredObjectException? Damage => inner.Damage;

    public virtual long AcceptedSequence => inner.AcceptedSequence;

    public virtual long ReceivedSequence => inner.ReceivedSequence;

    public virtual long VaultSequence => inner.VaultSequence;

    public virtual Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken) => inner.WaitForVaultAsync(sequence, cancellationToken);

    public virtual Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken) => inner.AcceptAsync(batch, cancellationToken);

    public void ForgetRead() => inner.ForgetRead();

    public virtual ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>A batch is vouched for when it arrives and stored when the next one comes.</summary>
internal sealed class AcknowledgesBeforeItIsDurable : VaultBug
{
    protected override IReplicaWriter Writer(IReplicaWriter writer) => new Hasty(writer);

    private sealed class Hasty(IReplicaWriter inner) : WriterDecorator(inner)
    {
        private byte[]? _kept;
        private long _vouchedFor = inner.VaultSequence;

        public override long AcceptedSequence => _vouchedFor;

        public override long ReceivedSequence => _vouchedFor;

        public override long VaultSequence => _vouchedFor;

        public override Task WaitForVaultAsync(long sequence, CancellationToken cancellationToken) => Task.CompletedTask;

        public override async Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken)
        {
            byte[]? earlier = _kept;
            _kept = batch.Bytes.ToArray();
            _vouchedFor = batch.Batch.LastSequence;
            if (earlier is not null)
            {
                await Inner.AppendAsync(VerifiedBatch.Verify(earlier, ReplicationLimits.DiskBytesMax), cancellationToken);
            }

            return Task.CompletedTask;
        }
    }
}

/// <summary>Every segment of an epoch is sealed with the nonces of the first.</summary>
internal sealed class RepeatsNonces : VaultBug
{
    protected override IReplicaWriter Writer(IReplicaWriter writer) => new Repeating(writer);

    private sealed class Repeating(IReplicaWriter inner) : WriterDecorator(inner)
    {
        // The product offers no way to set a nonce, as it should be; a bug in the cipher would need none.
        private readonly object _cipher = Field(inner, "_cipher")!.GetValue(inner)!;

        public override Task<Task> AcceptAsync(VerifiedBatch batch, CancellationToken cancellationToken)
        {
            Field(_cipher, "_nextNonce")!.SetValue(_cipher, 0L);
            return Inner.AcceptAsync(batch, cancellationToken);
        }

        private static FieldInfo? Field(object owner, string name) =>
            owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic);
    }
}

/// <summary>Compaction does not know of the oldest point.</summary>
internal sealed class CompactsAwayAPoint : VaultBug
{
    protected override KeptHistory Kept(KeptHistory kept) => kept with { Points = [.. kept.Points.Skip(1)] };
}
