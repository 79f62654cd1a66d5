using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class InstantLogTests
{
    private static readonly Guid MachineId = Guid.NewGuid();
    private static readonly Guid[] DiskIds = [Guid.NewGuid(), Guid.NewGuid()];
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_noted_is_found_again_across_documents_epochs_and_processes()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        MachineInstant[] all = [.. Enumerable.Range(0, 1_500).Select(i => At(i, epoch: i < 700 ? 1 : 2))];
        InstantLog log = new(vault.Catalog, TimeProvider.System);
        foreach (MachineInstant[] told in all.Chunk(ReplicationLimits.InstantsPerReportMax))
        {
            // The answer to the first report was lost: it comes again, with more.
            log.Note(MachineId, told[..(told.Length / 2)]);
            log.Note(MachineId, told);
            await log.WriteAsync(all: false, Cancel);
        }

        InstantLog later = new(vault.Catalog, TimeProvider.System);
        await log.WriteAsync(all: true, Cancel);

        IReadOnlyList<MachineInstant> found = await later.ListBeforeAsync(MachineId, Start.AddHours(1), 10_000, Cancel);
        Assert.Equal(all.Reverse().Select(Text), found.Select(Text));
        foreach (int i in new[] { 0, 1, 599, 600, 699, 700, 1_498 })
        {
            Assert.Equal(Text(all[i]), Text(Assert.Single(await later.ListBeforeAsync(MachineId, all[i].Time.AddMilliseconds(500), 1, Cancel))));
            Assert.Equal(Text(all[i + 1]), Text((await later.FindAfterAsync(MachineId, all[i].Time, Cancel))!));
        }

        Assert.Empty(await later.ListBeforeAsync(MachineId, Start.AddTicks(-1), 5, Cancel));
        Assert.Null(await later.FindAfterAsync(MachineId, all[^1].Time, Cancel));
        Assert.Equal(Text(all[0]), Text((await later.FindAfterAsync(MachineId, DateTimeOffset.MinValue, Cancel))!));
    }

    [Fact]
    public async Task A_look_up_sees_what_has_not_been_written_yet()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        InstantLog log = new(vault.Catalog, TimeProvider.System);
        log.Note(MachineId, [At(1)]);
        await log.WriteAsync(all: false, Cancel);

        Assert.Equal(Text(At(1)), Text(Assert.Single(await log.ListBeforeAsync(MachineId, Start.AddHours(1), 5, Cancel))));
    }

    [Fact]
    public async Task A_clock_that_goes_back_begins_a_new_document()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        InstantLog log = new(vault.Catalog, TimeProvider.System);
        log.Note(MachineId, [At(100), At(101), At(50), At(51)]);
        await log.WriteAsync(all: true, Cancel);

        Assert.Equal(Text(At(51)), Text((await log.ListBeforeAsync(MachineId, Start.AddSeconds(60), 1, Cancel))[0]));
        Assert.Equal(Text(At(101)), Text((await log.ListBeforeAsync(MachineId, Start.AddSeconds(200), 1, Cancel))[0]));
    }

    [Fact]
    public async Task Whole_documents_before_a_time_expire_and_all_can_be_removed()
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        InstantLog log = new(vault.Catalog, TimeProvider.System);
        foreach (MachineInstant[] told in Enumerable.Range(0, 1_300).Select(i => At(i)).Chunk(100))
        {
            log.Note(MachineId, told);
        }

        await log.WriteAsync(all: true, Cancel);

        Assert.Equal(0, await log.ExpireAsync(MachineId, Start.AddSeconds(599), Cancel));
        Assert.Equal(1, await log.ExpireAsync(MachineId, Start.AddSeconds(1_199), Cancel));
        Assert.Equal(Text(At(600)), Text((await log.FindAfterAsync(MachineId, DateTimeOffset.MinValue, Cancel))!));
        await log.DeleteAllAsync(MachineId, Cancel);
        Assert.Null(await log.FindAfterAsync(MachineId, DateTimeOffset.MinValue, Cancel));
        log.Note(MachineId, [At(2_000)]);
        Assert.Equal(Text(At(2_000)), Text((await log.FindAfterAsync(MachineId, DateTimeOffset.MinValue, Cancel))!));
    }

    [Fact]
    public async Task What_waits_for_a_vault_out_of_reach_is_bounded_and_written_later()
    {
        SimulatedFileLayer files = new();
        await using SealedVault vault = await TestVault.OpenAsync(files);
        FailingCatalog catalog = new(vault.Catalog) { IsFailing = true };
        InstantLog log = new(catalog, TimeProvider.System);
        foreach (MachineInstant[] told in Enumerable.Range(0, InstantLog.WaitingMax + 500).Select(i => At(i)).Chunk(100))
        {
            log.Note(MachineId, told);
            await Assert.ThrowsAsync<AsrException>(() => log.WriteAsync(all: true, Cancel));
        }

        catalog.IsFailing = false;

        IReadOnlyList<MachineInstant> found = await log.ListBeforeAsync(MachineId, Start.AddDays(1), int.MaxValue, Cancel);
        Assert.Equal(InstantLog.WaitingMax, found.Count);
        Assert.Equal(Text(At(500)), Text(found[^1]));
    }

    [Theory]
    [InlineData("""{"runs":[{"start":"2030-01-01T00:00:00Z","disks":[],"steps":[]}]}""")]
    [InlineData("""{"runs":[null]}""")]
    [InlineData("""{"runs":[{"start":"2030-01-01T00:00:00Z","disks":[{"diskId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","position":{"epoch":1,"sequence":9223372036854775807}}],"steps":[[1,1]]}]}""")]
    [InlineData("""{"runs":[{"start":"2030-01-01T00:00:00Z","disks":[{"diskId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","position":{"epoch":1,"sequence":1}}],"steps":[[9223372036854775807,1]]}]}""")]
    [InlineData("""{"runs":[{"start":"2030-01-01T00:00:00Z","disks":[{"diskId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","position":{"epoch":1,"sequence":1}}],"steps":[[1]]}]}""")]
    [InlineData("""{"runs":[{"start":"2030-01-01T00:00:00Z","disks":[{"diskId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","position":{"epoch":0,"sequence":1}}],"steps":[]}]}""")]
    [InlineData("""{"runs":7}""")]
    public async Task A_document_that_cannot_be_is_named(string content)
    {
        await using SealedVault vault = await TestVault.OpenAsync(new SimulatedFileLayer());
        await vault.Catalog.WriteAsync($"instants-{MachineId:D}", "0000000000000001-x", Encoding.UTF8.GetBytes(content), null, Cancel);

        AsrException error = await Assert.ThrowsAsync<AsrException>(
            () => new InstantLog(vault.Catalog, TimeProvider.System).ListBeforeAsync(MachineId, Start, 1, Cancel));

        Assert.Equal(AsrErrorCode.VaultDocumentCorrupt, error.Code);
    }

    private static MachineInstant At(int second, int epoch = 1) => new()
    {
        Time = Start.AddSeconds(second),
        Disks = [.. DiskIds.Select((id, disk) => new DiskBase { DiskId = id, Position = new StreamPosition(epoch, (second * 10L) + disk) })],
    };

    private static string Text(MachineInstant instant) =>
        $"{instant.Time:O} {instant.Source} {string.Join(" ", instant.Disks.Select(disk => $"{disk.DiskId}@{disk.Position.Epoch}/{disk.Position.Sequence}"))}";

    private sealed class FailingCatalog(ICatalog inner) : ICatalog
    {
        public bool IsFailing { get; set; }

        public Task<CatalogDocument?> ReadAsync(string collection, string id, CancellationToken cancellationToken) => inner.ReadAsync(collection, id, cancellationToken);

        public Task<string> WriteAsync(string collection, string id, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken) => IsFailing
            ? throw new AsrException(AsrErrorCode.VaultUnavailable, "out of reach")
            : inner.WriteAsync(collection, id, content, ifMatch, cancellationToken);

        public Task DeleteAsync(string collection, string id, string ifMatch, CancellationToken cancellationToken) => inner.DeleteAsync(collection, id, ifMatch, cancellationToken);

        public IAsyncEnumerable<string> ListCollectionsAsync(CancellationToken cancellationToken) => inner.ListCollectionsAsync(cancellationToken);

        public IAsyncEnumerable<string> ListIdsAsync(string collection, CancellationToken cancellationToken) => inner.ListIdsAsync(collection, cancellationToken);

        public IAsyncEnumerable<CatalogDocument> ListAsync(string collection, CancellationToken cancellationToken) => inner.ListAsync(collection, cancellationToken);
    }
}
