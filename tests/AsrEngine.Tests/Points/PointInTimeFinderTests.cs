using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class PointInTimeFinderTests : IAsyncLifetime
{
    private const long DiskBytes = 1 << 20;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private readonly AsrReplicatedMachine _machine;
    private readonly Guid _diskId = Guid.NewGuid();
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private SealedVault _vault = null!;
    private InstantLog _instants = null!;
    private RecoveryPointLog _points = null!;
    private PointInTimeFinder _finder = null!;

    public PointInTimeFinderTests()
    {
        _machine = new() { Id = Guid.NewGuid(), Name = "web01", Disks = [new AsrDisk { Id = _diskId, Name = "os" }] };
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Change N, written N seconds before the last, fills the first block with N.
    public async ValueTask InitializeAsync()
    {
        _vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        _instants = new InstantLog(_vault.Catalog, TimeProvider.System);
        _points = new RecoveryPointLog(_vault.Catalog);
        _finder = new PointInTimeFinder(_vault, _instants, _points, TimeProvider.System);
        await using IReplicaWriter writer = await TakeOverAsync();
        for (int change = 1; change <= 50; change++)
        {
            await writer.AppendAsync(BatchMaker.Writes(_diskId, 1, change, DiskBytes, (0, 4096, (byte)change)), Cancel);
        }
    }

    public ValueTask DisposeAsync() => _vault.DisposeAsync();

    [Fact]
    public async Task The_newest_instant_at_or_before_the_time_is_shown_and_becomes_a_point_when_asked_for()
    {
        Note(10, 20, 30);

        AsrRecoveryPoint shown = await FindAsync(Ago(25));
        Assert.Equal(Ago(30), shown.Time);
        Assert.Equal(RecoveryPointReason.PointInTime, shown.Reason);
        Assert.Equal(("os", DiskBytes), (shown.Disks[0].Name, shown.Disks[0].SizeBytes));
        Assert.Equal(20, await FirstByteAsync(shown));
        Assert.Empty(await _points.ListAsync(_machine.Id, 10, Cancel));

        AsrRecoveryPoint published = await _finder.PublishAsync(shown, Cancel);
        AsrRecoveryPoint again = await _finder.PublishAsync(await FindAsync(Ago(25)), Cancel);
        Assert.Equal(shown.Id, published.Id);
        Assert.NotEqual(default, published.PublishedAt);
        Assert.Equal(published.Id, again.Id);
        Assert.Equal(published.PublishedAt, again.PublishedAt);
        Assert.Single(await _points.ListAsync(_machine.Id, 10, Cancel));
    }

    [Fact]
    public async Task A_published_point_that_is_newer_than_the_instant_is_taken()
    {
        Note(10, 20, 30);
        AsrRecoveryPoint point = await PublishAsync(Ago(27), sequence: 23);

        Assert.Equal(point.Id, (await FindAsync(Ago(25))).Id);
        Assert.Equal(Ago(30), (await FindAsync(Ago(28))).Time);
    }

    [Fact]
    public async Task An_instant_that_is_not_in_the_vault_is_passed_over()
    {
        // Sequences beyond the 50 that are stored: what a lost spool or a fenced writer leaves behind.
        _instants.Note(_machine.Id, [.. Enumerable.Range(0, 100).Select(i => At(100 - i, sequence: 11 + i))]);

        AsrRecoveryPoint found = await FindAsync(Ago(5));

        Assert.Equal(50, found.Disks[0].Sequence);
        Assert.Equal(50, await FirstByteAsync(found));
        Assert.Equal(Ago(61), found.Time);
    }

    [Fact]
    public async Task What_a_fenced_writer_claims_beyond_its_end_is_passed_over()
    {
        await using IReplicaWriter second = await TakeOverAsync();
        await second.AppendAsync(BatchMaker.Writes(_diskId, 2, 51, DiskBytes, (0, 4096, 99)), Cancel);
        _instants.Note(_machine.Id, [At(30, sequence: 20), At(20, sequence: 51)]);
        Assert.Equal(Ago(30), (await FindAsync(Ago(15))).Time);

        _instants.Note(_machine.Id, [At(10, sequence: 51, epoch: 2)]);

        Assert.Equal(99, await FirstByteAsync(await FindAsync(Ago(5))));
    }

    [Fact]
    public async Task A_second_that_compaction_kept_opens_to_its_content_and_one_it_gave_up_is_refused_with_the_points_beside_it()
    {
        Note([.. Enumerable.Range(1, 49)]);
        AsrRecoveryPoint old = await PublishAsync(Ago(45).AddMilliseconds(500), sequence: 5);
        AsrRecoveryPoint floor = await PublishAsync(Ago(10).AddMilliseconds(500), sequence: 40);
        Assert.Equal(30, await FirstByteAsync(await FindAsync(Ago(20))));

        StreamPosition[] kept = [.. new[] { old, floor }.Select(point => new StreamPosition(1, point.Disks[0].Sequence))];
        CompactionResult result = await _vault.CompactAsync(
            _diskId, new KeptHistory { Points = kept, ContinuousFrom = kept[1] }, new CompactionOptions { DeadShareMin = 0, SmallObjectsMin = 3 }, Cancel);

        Assert.True(result.ObjectsReplaced > 0, $"{result}");
        for (int ago = 1; ago <= 10; ago++)
        {
            AsrRecoveryPoint found = await FindAsync(Ago(ago));
            Assert.Equal((Ago(ago), 50 - ago), (found.Time, await FirstByteAsync(found)));
        }

        for (int ago = 11; ago < 45; ago++)
        {
            await RequireAsync(Ago(ago), old.Time, floor.Time);
        }

        Assert.Equal(5, await FirstByteAsync(await FindAsync(old.Time)));
        Assert.Equal(40, await FirstByteAsync(await FindAsync(floor.Time)));
        Assert.Equal(floor.Id, (await FindAsync(floor.Time.AddMilliseconds(100))).Id);
    }

    [Fact]
    public async Task Outside_the_stream_the_error_names_the_nearest_times_on_both_sides()
    {
        AsrRecoveryPoint old = await PublishAsync(_now.AddHours(-1), sequence: 1);
        Note(30, 300);

        await RequireAsync(Ago(400), old.Time, Ago(300));
        await RequireAsync(_now.AddMinutes(-30), old.Time, Ago(300));
        await RequireAsync(_now.AddHours(-2), null, old.Time);
        await RequireAsync(_now.AddMinutes(1), Ago(30), null);

        // The nearest times named can be asked for.
        Assert.Equal(old.Id, (await FindAsync(old.Time)).Id);
        Assert.Equal(Ago(300), (await FindAsync(Ago(300))).Time);
        Assert.Equal(Ago(30), (await FindAsync(Ago(30))).Time);
    }

    [Fact]
    public async Task A_machine_that_noted_nothing_says_so()
    {
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => FindAsync(_now));
        Assert.Equal(AsrErrorCode.PointInTimeUnavailable, error.Code);
        Assert.Contains("no other time", error.Message, StringComparison.Ordinal);
    }

    private DateTimeOffset Ago(int seconds) => _now.AddSeconds(-seconds);

    private void Note(params int[] secondsAgo) => _instants.Note(_machine.Id, [.. secondsAgo.OrderDescending().Select(ago => At(ago, 50 - Math.Min(ago, 49)))]);

    private MachineInstant At(int secondsAgo, long sequence, int epoch = 1) => new()
    {
        Time = Ago(secondsAgo),
        Disks = [new DiskBase { DiskId = _diskId, Position = new StreamPosition(epoch, sequence) }],
    };

    private Task<AsrRecoveryPoint> FindAsync(DateTimeOffset at) => _finder.FindAsync(_machine, at, Window, Cancel);

    private Task<AsrRecoveryPoint> PublishAsync(DateTimeOffset time, long sequence) => _points.PublishAsync(
        new AsrRecoveryPoint
        {
            Id = Guid.NewGuid(),
            MachineId = _machine.Id,
            Time = time,
            PublishedAt = time,
            Disks = [new RecoveryPointDisk { DiskId = _diskId, Epoch = 1, Sequence = sequence }],
        },
        Cancel);

    private Task<IReplicaWriter> TakeOverAsync() =>
        _vault.TakeOverAsync(_diskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = _machine.Id, SizeBytes = DiskBytes }, Cancel);

    private async Task<byte> FirstByteAsync(AsrRecoveryPoint point)
    {
        byte[] block = new byte[4096];
        await using IBlockDevice image = await _vault.OpenAsync(_diskId, new StreamPosition(point.Disks[0].Epoch, point.Disks[0].Sequence), Cancel);
        await image.ReadAsync(0, block, Cancel);
        return block[0];
    }

    private async Task RequireAsync(DateTimeOffset at, DateTimeOffset? before, DateTimeOffset? after)
    {
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => FindAsync(at));
        Assert.Equal(AsrErrorCode.PointInTimeUnavailable, error.Code);
        Assert.Equal("web01", error.Target);
        foreach ((DateTimeOffset? time, string side) in new[] { (before, "before it"), (after, "after it") })
        {
            string told = time is null ? $"none {side}" : $"{time.Value.UtcDateTime:yyyy-MM-ddTHH:mm:ss.FFFFFFFZ} {side}";
            Assert.Contains(told, error.Message, StringComparison.Ordinal);
        }
    }
}
