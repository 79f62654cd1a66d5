using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Ingest;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Ingest;

public sealed class VaultReplicationTests : IAsyncLifetime
{
    private const long DiskBytes = (1 << 20) + 512;
    private readonly TemporaryFolder _folder = new();
    private readonly Guid _diskId = Guid.NewGuid();
    private readonly Guid _machineId = Guid.NewGuid();
    private readonly List<AsrRecoveryPoint> _published = [];
    private IVault _vault = null!;
    private VaultReplication _replication = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _vault = await LocalVault.CreateAsync(_folder.Path, "secret", cancellationToken: Cancel);
        _replication = new VaultReplication(_vault, new RecoveryPointLog(_vault.Catalog), TimeProvider.System, (point, _) =>
        {
            _published.Add(point);
            return Task.CompletedTask;
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _replication.DisposeAsync();
        await _vault.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Batches_that_arrive_out_of_order_are_stored_in_order()
    {
        ReplicationSession session = await OpenAsync();
        List<Task<ShipReceipt>> shipped = [];
        for (int i = 20; i >= 1; i--)
        {
            shipped.Add(ShipAsync(session.Epoch, i, (0, 512, (byte)i)));
        }

        ShipReceipt[] receipts = await Task.WhenAll(shipped);

        // Made durable side by side, and answered with how far all of it has come by then: with the batch itself at least.
        Assert.All(receipts, (receipt, index) => Assert.InRange(receipt.VaultSequence, 20 - index, 20));
        Assert.All(receipts, receipt => Assert.Equal(receipt.ReceivedSequence, receipt.VaultSequence));
        Assert.Equal(new StreamPosition(1, 20), await _vault.GetHeadAsync(_diskId, Cancel));
        AsrRecoveryPoint point = await _replication.PublishPointAsync(Point(session.Epoch, 20), Cancel);
        Assert.Equal(20, (await ReadPointAsync(point.Id, 0, 512))[0]);
    }

    [Fact]
    public async Task A_repeated_batch_is_answered_and_stored_once()
    {
        ReplicationSession session = await OpenAsync();
        await ShipAsync(session.Epoch, 1, (0, 512, 1));
        await ShipAsync(session.Epoch, 2, (0, 512, 2));
        ShipReceipt again = await ShipAsync(session.Epoch, 1, (0, 512, 1));
        Assert.Equal((2, 2), (again.ReceivedSequence, again.VaultSequence));
        AsrRecoveryPoint point = await _replication.PublishPointAsync(Point(session.Epoch, 2), Cancel);
        Assert.Equal(2, (await ReadPointAsync(point.Id, 0, 512))[0]);
    }

    [Fact]
    public async Task A_batch_that_overlaps_what_was_received_adds_only_its_rest()
    {
        ReplicationSession session = await OpenAsync();
        await ShipAsync(session.Epoch, 1, (0, 512, 1), (512, 512, 2));
        await ShipAsync(session.Epoch, 2, (512, 512, 2), (1024, 512, 3));
        AsrRecoveryPoint point = await _replication.PublishPointAsync(Point(session.Epoch, 3), Cancel);
        byte[] content = await ReadPointAsync(point.Id, 0, 1536);
        Assert.Equal((1, 2, 3), (content[0], content[512], content[1024]));
    }

    [Fact]
    public async Task The_same_nonce_gives_the_same_session_and_another_fences_it()
    {
        OpenSessionRequest request = Request();
        ReplicationSession first = await _replication.OpenSessionAsync(_diskId, request, Cancel);
        Assert.Equal(first, await _replication.OpenSessionAsync(_diskId, request, Cancel));
        ReplicationSession second = await OpenAsync();
        Assert.True(second.Epoch > first.Epoch);
        await AssertCode(AsrErrorCode.SessionLost, () => ShipAsync(first.Epoch, 1, (0, 512, 1)));
        await AssertCode(AsrErrorCode.SessionLost, () => _replication.GetProgressAsync(_diskId, first.Epoch, Cancel));
        Assert.Equal(1, (await ShipAsync(second.Epoch, 1, (0, 512, 1))).VaultSequence);
    }

    [Fact]
    public async Task A_writer_at_another_appliance_fences_this_one()
    {
        ReplicationSession session = await OpenAsync();
        await ShipAsync(session.Epoch, 1, (0, 512, 1));
        await using IReplicaWriter other = await _vault.TakeOverAsync(_diskId, Request(), Cancel);
        Assert.Equal(new StreamPosition(1, 1), other.Session.Parent);
        await AssertCode(AsrErrorCode.WriterFenced, () => ShipAsync(session.Epoch, 2, (0, 512, 99)));
        await other.AppendAsync(BatchMaker.Writes(_diskId, other.Session.Epoch, 2, DiskBytes, (512, 512, 2)), Cancel);
        byte[] content = new byte[1024];
        await other.Current.ReadAsync(0, content, Cancel);
        Assert.Equal((1, 2), (content[0], content[512]));
        await AssertCode(AsrErrorCode.RecoveryPointUnavailable, () => _vault.OpenAsync(_diskId, new StreamPosition(1, 2), Cancel));
    }

    [Fact]
    public async Task Too_many_batches_beyond_a_gap_are_refused()
    {
        ReplicationSession session = await OpenAsync();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        List<Task> waiting = [];
        for (int i = 0; i < TurnQueue.WaitersMax; i++)
        {
            waiting.Add(_replication.ShipAsync(_diskId, BatchMaker.Writes(_diskId, session.Epoch, 2 + i, DiskBytes, (0, 512, 1)).Bytes, stop.Token));
        }

        await AssertCode(AsrErrorCode.SequenceGap, () => ShipAsync(session.Epoch, 1000, (0, 512, 1)));
        await stop.CancelAsync();
        foreach (Task task in waiting)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        Assert.Equal(1, (await ShipAsync(session.Epoch, 1, (0, 512, 1))).ReceivedSequence);
    }

    [Fact]
    public async Task A_flipped_content_is_refused_and_nothing_is_stored()
    {
        ReplicationSession session = await OpenAsync();
        byte[] batch = BatchMaker.Writes(_diskId, session.Epoch, 1, DiskBytes, (0, 512, 1)).Bytes.ToArray();
        batch[65] ^= 1; // A literal of the first content.
        await AssertCode(AsrErrorCode.BatchMalformed, () => _replication.ShipAsync(_diskId, batch, Cancel));
        Assert.Equal(0, (await _replication.GetProgressAsync(_diskId, session.Epoch, Cancel)).ReceivedSequence);
    }

    [Fact]
    public async Task A_point_is_published_once_and_only_after_its_changes_are_in_the_vault()
    {
        ReplicationSession session = await OpenAsync();
        AsrRecoveryPoint point = Point(session.Epoch, 1);
        Task<AsrRecoveryPoint> publishing = _replication.PublishPointAsync(point, Cancel);
        RecoveryPointLog log = new(_vault.Catalog);
        Assert.Null(await log.FindAsync(_machineId, point.Id, Cancel));
        await ShipAsync(session.Epoch, 1, (0, 512, 1));
        AsrRecoveryPoint published = await publishing;
        Assert.Equal(published.PublishedAt, (await _replication.PublishPointAsync(point, Cancel)).PublishedAt);
        Assert.Single(await log.ListAsync(_machineId, 10, Cancel));

        // Told again at the repetition: the first telling may have been lost with its process.
        Assert.Equal([point.Id, point.Id], _published.Select(told => told.Id));
    }

    [Fact]
    public async Task How_long_a_point_stays_is_not_for_its_sender_to_say()
    {
        await using VaultReplication replication = new(
            _vault, new RecoveryPointLog(_vault.Catalog), TimeProvider.System, immutableFor: (_, _) => Task.FromResult(TimeSpan.FromHours(1)));
        ReplicationSession session = await replication.OpenSessionAsync(_diskId, Request(), Cancel);
        AsrRecoveryPoint sent = Point(session.Epoch, 0) with { Pinned = true, Name = "mine", ImmutableUntil = DateTimeOffset.MaxValue };

        AsrRecoveryPoint published = await replication.PublishPointAsync(sent, Cancel);

        Assert.Equal((false, null, published.PublishedAt.AddHours(1)), (published.Pinned, published.Name, published.ImmutableUntil));
        Assert.Null((await _replication.PublishPointAsync(await NextPointAsync(), Cancel)).ImmutableUntil);

        async Task<AsrRecoveryPoint> NextPointAsync() => sent with { Id = Guid.NewGuid(), Disks = [sent.Disks[0] with { Epoch = (await OpenAsync()).Epoch }] };
    }

    [Fact]
    public async Task A_point_of_a_lost_session_is_refused()
    {
        ReplicationSession session = await OpenAsync();
        Task<AsrRecoveryPoint> publishing = _replication.PublishPointAsync(Point(session.Epoch, 1), Cancel);
        await OpenAsync();
        await AssertCode(AsrErrorCode.SessionLost, () => publishing);
        await AssertCode(AsrErrorCode.SessionLost, () => _replication.PublishPointAsync(Point(session.Epoch, 0), Cancel));
    }

    [Fact]
    public async Task Digests_are_those_of_the_content_up_to_the_short_last_region()
    {
        ReplicationSession session = await OpenAsync();
        byte[] disk = new byte[DiskBytes];
        disk.AsSpan(65536, 512).Fill(7);
        disk.AsSpan(1 << 20, 512).Fill(9);
        await ShipAsync(session.Epoch, 1, (65536, 512, 7), (1 << 20, 512, 9));
        byte[] digests = await _replication.GetDigestsAsync(_diskId, new DigestRequest { Count = 4096 }, Cancel);
        byte[] expected = [.. Enumerable.Range(0, 17).SelectMany(i => RegionDigests.Hash(disk.AsSpan(i * 65536, Math.Min(65536, disk.Length - (i * 65536)))))];
        Assert.Equal(expected, digests);
        AsrRecoveryPoint point = await _replication.PublishPointAsync(Point(session.Epoch, 2), Cancel);
        Assert.Equal(expected, await _replication.GetDigestsAsync(_diskId, new DigestRequest { Count = 17, RecoveryPointId = point.Id }, Cancel));
        Assert.Empty(await _replication.GetDigestsAsync(_diskId, new DigestRequest { Offset = 2 << 20, Count = 1 }, Cancel));
    }

    [Fact]
    public async Task A_damaged_region_counts_as_different_and_is_whole_again_once_it_was_sent_anew()
    {
        ReplicationSession session = await OpenAsync();
        await ShipAsync(session.Epoch, 1, (0, 65536, 1));
        await ShipAsync(session.Epoch, 2, (65536, 65536, 2));
        AsrRecoveryPoint before = await _replication.PublishPointAsync(Point(session.Epoch, 2), Cancel);
        string segment = Directory.EnumerateFiles(_folder.Path, "*.seg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        await FlipAsync(segment, 10);
        byte[] digests = await _replication.GetDigestsAsync(_diskId, new DigestRequest { Count = 2 }, Cancel);
        Assert.Equal(RegionDigests.Hash(Filled(1)), digests[..ReplicationLimits.DigestBytes]);
        Assert.All(digests[ReplicationLimits.DigestBytes..], value => Assert.Equal(0xFF, value));

        await ShipAsync(session.Epoch, 3, (65536, 65536, 2));

        byte[] whole = [.. RegionDigests.Hash(Filled(1)), .. RegionDigests.Hash(Filled(2))];
        Assert.Equal(whole, await _replication.GetDigestsAsync(_diskId, new DigestRequest { Count = 2 }, Cancel));
        AsrRecoveryPoint after = await _replication.PublishPointAsync(Point(session.Epoch, 3), Cancel);
        Assert.Equal(Filled(2), await ReadPointAsync(after.Id, 65536, 65536));
        Assert.Equal(AsrErrorCode.SegmentCorrupt, (await Assert.ThrowsAnyAsync<AsrException>(() => ReadPointAsync(before.Id, 65536, 65536))).Code);
    }

    [Fact]
    public async Task A_failback_over_damage_names_the_object_and_touches_nothing()
    {
        ReplicationSession session = await OpenAsync();
        await ShipAsync(session.Epoch, 1, (0, 65536, 1));
        await ShipAsync(session.Epoch, 2, (65536, 65536, 2));
        AsrRecoveryPoint point = await _replication.PublishPointAsync(Point(session.Epoch, 2), Cancel);
        string segment = Directory.EnumerateFiles(_folder.Path, "*.seg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last();
        await FlipAsync(segment, 10);
        MemoryBlockDevice target = new(DiskBytes);
        ReplicaApplier applier = new(_diskId, target, new MendedSource(_replication), new FailbackProgress(DiskBytes));

        AsrException error = await Assert.ThrowsAnyAsync<AsrException>(() => applier.ApplyAsync(point.Id, Cancel));

        Assert.Equal(AsrErrorCode.SegmentCorrupt, error.Code);
        Assert.Contains(Path.GetFileNameWithoutExtension(segment), error.Message, StringComparison.Ordinal);
        byte[] content = new byte[DiskBytes];
        await target.ReadAsync(0, content, Cancel);
        Assert.True(content.AsSpan().IndexOfAnyExcept((byte)0) < 0, "The disk was changed.");
    }

    [Fact]
    public async Task Damage_in_what_tells_which_regions_are_zeros_makes_only_what_it_concerns_differ()
    {
        MemoryBlockDevice disk = new(2 * 65536);
        await disk.WriteAsync(0, Filled(1), Cancel);
        DigestRequest request = new() { Count = 2 };
        byte[] digests = await RegionDigests.ComputeAsync(new UntoldDevice(disk), request, DamageInHashes.Differs, Cancel);
        Assert.Equal(RegionDigests.Hash(Filled(1)), digests[..ReplicationLimits.DigestBytes]);
        Assert.All(digests[ReplicationLimits.DigestBytes..], value => Assert.Equal(0xFF, value));
        await Assert.ThrowsAsync<StoredObjectException>(() => RegionDigests.ComputeAsync(new UntoldDevice(disk), request, DamageInHashes.IsAnError, Cancel));
    }

    private static byte[] Filled(byte fill)
    {
        byte[] content = new byte[65536];
        Array.Fill(content, fill);
        return content;
    }

    private static async Task FlipAsync(string path, int at)
    {
        byte[] content = await File.ReadAllBytesAsync(path, Cancel);
        content[at] ^= 1;
        await File.WriteAllBytesAsync(path, content, Cancel);
    }

    private static async Task AssertCode(AsrErrorCode code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<AsrException>(action)).Code);

    private OpenSessionRequest Request() => new() { Nonce = Guid.NewGuid(), MachineId = _machineId, SizeBytes = DiskBytes };

    private Task<ReplicationSession> OpenAsync() => _replication.OpenSessionAsync(_diskId, Request(), Cancel);

    private Task<ShipReceipt> ShipAsync(int epoch, long first, params (long Offset, int Length, byte Fill)[] writes) =>
        _replication.ShipAsync(_diskId, BatchMaker.Writes(_diskId, epoch, first, DiskBytes, writes).Bytes, Cancel);

    private AsrRecoveryPoint Point(int epoch, long sequence) => new()
    {
        Id = Guid.NewGuid(),
        MachineId = _machineId,
        Time = TimeProvider.System.GetUtcNow(),
        Disks = [new RecoveryPointDisk { DiskId = _diskId, Name = "disk", SizeBytes = DiskBytes, Epoch = epoch, Sequence = sequence }],
    };

    private async Task<byte[]> ReadPointAsync(Guid pointId, long offset, int length)
    {
        byte[] content = new byte[length];
        await _replication.ReadPointAsync(_diskId, pointId, offset, content, Cancel);
        return content;
    }

    /// <summary>A vault in which what was damaged a moment ago reads well again, as a restored file does: zeros will do.</summary>
    private sealed class MendedSource(IReplicaSource inner) : IReplicaSource
    {
        public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) => inner.GetDigestsAsync(diskId, request, cancellationToken);

        public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            buffer.Span.Clear();
            return Task.CompletedTask;
        }
    }

    /// <summary>A disk whose extents and second half cannot be told.</summary>
    private sealed class UntoldDevice(IBlockDevice inner) : IBlockDevice
    {
        public long Length => inner.Length;

        public bool IsReadOnly => true;

        public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => offset < Length / 2 ? inner.ReadAsync(offset, buffer, cancellationToken) : throw Damage();

        public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) => throw Damage();

        public ValueTask DisposeAsync() => inner.DisposeAsync();

        private static StoredObjectException Damage() => SegmentErrors.Missing(new SegmentName(Guid.NewGuid(), SegmentKind.Changes, 1, 1, 1));
    }
}
