using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Vault.Compaction;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Scrub;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault.Scrub;

/// <summary>A scrub finds every damaged or missing object, names exactly the points that fail to read, goes on after a stop, and keeps no one else from working.</summary>
public sealed class ScrubTests(ITestOutputHelper output)
{
    private static readonly ScrubOptions Options = new() { Name = "test", BytesPerSecondMax = long.MaxValue / 4 };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_flipped_bit_in_any_file_is_found_and_exactly_the_points_that_fail_to_read_are_named(int seed)
    {
        ScrubStory story = await ScrubStory.MakeAsync(seed, Cancel);
        Random random = new(seed);
        Assert.Empty((await story.ScrubAsync(Cancel)).Findings);
        Dictionary<string, (int Files, int Affecting)> kinds = [];
        foreach (string path in story.Paths)
        {
            byte[] content = story.Files.ReadAll(path, int.MaxValue)!;
            foreach (int at in new[] { random.Next(content.Length), random.Next(content.Length), content.Length - 1 - random.Next(Math.Min(content.Length, 120)) })
            {
                byte[] damaged = [.. content];
                damaged[at] ^= (byte)(1 << random.Next(8));
                story.Files.Overwrite(path, damaged);
                AsrVaultFinding finding = await CheckAsync(story, $"byte {at} of {content.Length} of '{path}'");
                Assert.Equal(VaultProblem.Damaged, finding.Problem);
                Assert.EndsWith(NameOf(path), finding.Object);
                (int files, int affecting) = kinds.GetValueOrDefault(Path.GetExtension(path));
                kinds[Path.GetExtension(path)] = (files + 1, affecting + (finding.AffectedPointCount > 0 ? 1 : 0));
            }

            story.Files.Overwrite(path, content);
        }

        Assert.Empty((await story.ScrubAsync(Cancel)).Findings);
        Assert.Equal([".idx", ".json", ".pak", ".seg"], kinds.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(0, kinds[".idx"].Affecting);
        foreach ((string kind, (int files, int affecting)) in kinds)
        {
            output.WriteLine($"{kind}: {files} damaged and found, {affecting} of them with points that fail to read, all named");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_missing_file_is_found_where_a_point_needs_it(int seed)
    {
        ScrubStory story = await ScrubStory.MakeAsync(seed, Cancel);
        int gaps = 0;
        foreach (string path in story.Paths.Where(static path => !path.EndsWith(".idx", StringComparison.Ordinal) && !path.Contains("/points-", StringComparison.Ordinal)))
        {
            byte[] content = story.Files.ReadAll(path, int.MaxValue)!;
            story.Files.Delete(path);
            HashSet<Guid> unreadable = await story.FindUnreadableAsync(Cancel);
            IReadOnlyList<AsrVaultFinding> findings = (await story.ScrubAsync(Cancel)).Findings;
            Assert.True(unreadable.SetEquals(findings.SelectMany(static finding => finding.AffectedPoints).Select(static point => point.RecoveryPointId)), path);
            Assert.All(findings, static finding => Assert.Equal(VaultProblem.Missing, finding.Problem));
            gaps += findings.Count;
            story.Files.Create(path, content);
        }

        Assert.True(gaps > 5);
    }

    [Fact]
    public async Task Objects_that_the_storage_does_not_give_are_told_and_the_others_verified_all_the_same()
    {
        ScrubStory story = await ScrubStory.MakeAsync(4, Cancel);
        string[] objects = [.. story.Paths.Where(static path => path.EndsWith(".seg", StringComparison.Ordinal))];
        AsrVaultCheck check = await story.ScrubAsync(Cancel, new UnreadableFile(story.Files, objects[2]));
        AsrVaultFinding finding = Assert.Single(check.Findings);
        Assert.Equal(VaultProblem.Unreadable, finding.Problem);
        Assert.EndsWith(NameOf(objects[2]), finding.Object);
        Assert.Equal((await story.ScrubAsync(Cancel)).ObjectsChecked, check.ObjectsChecked);
    }

    [Fact]
    public async Task A_document_that_the_storage_does_not_give_is_told_and_storage_that_gives_nothing_ends_the_scrub()
    {
        ScrubStory story = await ScrubStory.MakeAsync(12, Cancel);
        string path = story.Paths.First(static path => path.Contains("/points-", StringComparison.Ordinal));
        AsrVaultFinding finding = Assert.Single((await story.ScrubAsync(Cancel, new UnreadableFile(story.Files, path))).Findings);
        Assert.Equal((VaultObjectKind.Document, VaultProblem.Unreadable, 1), (finding.Kind, finding.Problem, finding.AffectedPointCount));

        GoneStorage gone = new(story.Files);
        await using SealedVault vault = await story.OpenAsync(gone);
        await using IAsyncEnumerator<ScrubProgress> scrub = vault.ScrubAsync(Options, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await scrub.MoveNextAsync());
        gone.IsGone = true;
        AsrException fault = await Assert.ThrowsAsync<AsrException>(async () =>
        {
            while (await scrub.MoveNextAsync())
            {
            }
        });
        Assert.Equal(AsrErrorCode.VaultUnavailable, fault.Code);
    }

    [Fact]
    public async Task A_disk_document_that_is_older_than_the_points_is_found()
    {
        ScrubStory story = await ScrubStory.MakeAsync(5, Cancel);
        string path = story.Paths.Single(static path => path.Contains("/catalog/disks/", StringComparison.Ordinal));
        byte[] before = story.Files.ReadAll(path, int.MaxValue)!;
        await using (SealedVault vault = await story.OpenAsync())
        {
            await story.WriteAsync(vault, new Random(1), null, 3, Cancel);
        }

        story.Files.Overwrite(path, before);
        HashSet<Guid> unreadable = await story.FindUnreadableAsync(Cancel);
        Assert.NotEmpty(unreadable);
        AsrVaultFinding finding = Assert.Single((await story.ScrubAsync(Cancel)).Findings);
        Assert.Equal($"disks/{story.Disk.DiskId}", finding.Object);
        Assert.True(unreadable.SetEquals(finding.AffectedPoints.Select(static point => point.RecoveryPointId)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(17)]
    public async Task A_scrub_that_is_stopped_every_few_objects_sees_each_object_once_and_keeps_what_it_found(int stopAfter)
    {
        ScrubStory story = await ScrubStory.MakeAsync(6, Cancel);
        string[] damaged = [.. story.Paths.Where(static (_, i) => i % 7 == 3)];
        foreach (string path in damaged)
        {
            byte[] content = story.Files.ReadAll(path, int.MaxValue)!;
            content[content.Length / 2] ^= 1;
            story.Files.Overwrite(path, content);
        }

        AsrVaultCheck whole = await story.ScrubAsync(Cancel);
        Assert.Equal(damaged.Length, whole.FindingCount);
        List<string> seen = [];
        List<string> told = [];
        AsrVaultCheck check = new();
        ScrubOptions options = Options with { Name = "stopped" };
        for (int run = 0; check.EndTime is null; run++)
        {
            Assert.True(run < 1000);
            await using SealedVault vault = await story.OpenAsync();
            int objects = 0;
            await foreach (ScrubProgress progress in vault.ScrubAsync(options, Cancel))
            {
                check = progress.Check;
                seen.Add(progress.Object);
                told.AddRange(progress.Finding is { } finding ? [finding.Object] : []);
                if (++objects == stopAfter)
                {
                    break;
                }
            }
        }

        // The documents of the scrubs themselves come beside it.
        string[] visited = [.. seen.Where(static name => name.Length > 0 && !name.StartsWith("scrubs/", StringComparison.Ordinal))];
        Assert.Equal(visited.Length, visited.Distinct().Count());
        Assert.Equal(whole.Findings.Select(static finding => finding.Object).Order(StringComparer.Ordinal), check.Findings.Select(static finding => finding.Object).Order(StringComparer.Ordinal));
        Assert.Equal(told.Order(StringComparer.Ordinal), check.Findings.Select(static finding => finding.Object).Order(StringComparer.Ordinal));
        Assert.InRange(check.ObjectsChecked - whole.ObjectsChecked, -1, 2);
    }

    [Fact]
    public async Task One_that_another_goes_on_with_ends()
    {
        ScrubStory story = await ScrubStory.MakeAsync(7, Cancel);
        await using SealedVault vault = await story.OpenAsync();
        await using SealedVault other = await story.OpenAsync();
        IAsyncEnumerator<ScrubProgress> first = vault.ScrubAsync(Options, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await first.MoveNextAsync());
        await using IAsyncEnumerator<ScrubProgress> second = other.ScrubAsync(Options, Cancel).GetAsyncEnumerator(Cancel);
        Assert.True(await second.MoveNextAsync());
        AsrException lost = await Assert.ThrowsAsync<AsrException>(async () => await first.DisposeAsync());
        Assert.Equal(AsrErrorCode.Conflict, lost.Code);
        AsrVaultCheck check = second.Current.Check;
        while (await second.MoveNextAsync())
        {
            check = second.Current.Check;
        }

        Assert.NotNull(check.EndTime);
    }

    [Fact]
    public async Task Findings_stand_until_a_later_scrub_has_seen_them_gone()
    {
        ScrubStory story = await ScrubStory.MakeAsync(8, Cancel);
        string path = story.Paths.First(static path => path.EndsWith(".seg", StringComparison.Ordinal));
        byte[] content = story.Files.ReadAll(path, int.MaxValue)!;
        byte[] damaged = [.. content];
        damaged[^1] ^= 1;
        story.Files.Overwrite(path, damaged);
        await story.ScrubAsync(Cancel);
        await using SealedVault vault = await story.OpenAsync();
        ScrubLog standing = new(vault.Catalog);
        Assert.EndsWith(NameOf(path), Assert.Single(await standing.ListFindingsAsync(Cancel)).Object);

        story.Files.Overwrite(path, content);
        await foreach (ScrubProgress _ in vault.ScrubAsync(Options, Cancel))
        {
            // What one scrub found stands while the next one runs.
            Assert.Single(await standing.ListFindingsAsync(Cancel));
            break;
        }

        await foreach (ScrubProgress _ in vault.ScrubAsync(Options with { Name = "other" }, Cancel))
        {
        }

        Assert.Empty(await standing.ListFindingsAsync(Cancel));
    }

    [Fact]
    public async Task Of_one_machine_only_its_disks_and_documents_are_scrubbed()
    {
        ScrubStory story = await ScrubStory.MakeAsync(9, Cancel);
        await using SealedVault vault = await story.OpenAsync();
        Guid machineId = Guid.NewGuid();
        Guid diskId = Guid.NewGuid();
        await using (IReplicaWriter writer = await vault.TakeOverAsync(diskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = 1 << 20, MachineId = machineId }, Cancel))
        {
            await writer.AppendAsync(BatchMaker.Writes(diskId, writer.Session.Epoch, 1, 1 << 20, (0, 4096, 7)), Cancel);
        }

        List<string> seen = [];
        await foreach (ScrubProgress progress in vault.ScrubAsync(Options with { MachineId = machineId }, Cancel))
        {
            seen.Add(progress.Object);
        }

        Assert.Equal([$"disks/{diskId}", $"segment {diskId}/00000001/0000000000000001-0000000000000001", ""], seen);
    }

    [Fact]
    public async Task Beside_a_writer_and_compactions_nothing_is_found_that_is_not_damaged()
    {
        ScrubStory story = await ScrubStory.MakeAsync(10, Cancel);
        Random random = new(10);
        await using SealedVault vault = await story.OpenAsync();
        Task working = Task.Run(
            async () =>
            {
                for (int round = 0; round < 12; round++)
                {
                    await story.WriteAsync(vault, random, null, 6, Cancel);
                    await story.CompactAsync(vault, Cancel);
                }
            },
            Cancel);
        int scrubs = 0;
        do
        {
            await foreach (ScrubProgress progress in vault.ScrubAsync(Options, Cancel))
            {
                Assert.True(progress.Finding is null, progress.Finding?.Message);
                await Task.Yield();
            }

            scrubs++;
        }
        while (!working.IsCompleted);

        await working;
        output.WriteLine($"{scrubs} scrubs beside 12 sessions and compactions");
        Assert.Empty((await story.ScrubAsync(Cancel)).Findings);
    }

    [Fact]
    public async Task A_budget_bounds_what_is_read_a_second()
    {
        ScrubStory story = await ScrubStory.MakeAsync(11, Cancel);
        await using SealedVault vault = await story.OpenAsync();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        AsrVaultCheck check = new();

        // A byte a second: the first objects use up hours, and the wait for them can be ended.
        Task scrub = Task.Run(
            async () =>
            {
                await foreach (ScrubProgress progress in vault.ScrubAsync(Options with { BytesPerSecondMax = 1 }, stop.Token))
                {
                    check = progress.Check;
                }
            },
            Cancel);
        Assert.NotSame(scrub, await Task.WhenAny(scrub, Task.Delay(300, Cancel)));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => scrub);
        Assert.Null(check.EndTime);
    }

    /// <summary>Scrubs, compares with what fails to read, and returns the one finding.</summary>
    private static async Task<AsrVaultFinding> CheckAsync(ScrubStory story, string what)
    {
        IReadOnlyList<AsrVaultFinding> findings = (await story.ScrubAsync(Cancel)).Findings;
        Assert.True(findings.Count == 1, $"{what}: {string.Join("; ", findings.Select(static finding => finding.Message))}");
        HashSet<Guid> unreadable = await story.FindUnreadableAsync(Cancel);
        HashSet<Guid> named = [.. findings[0].AffectedPoints.Select(static point => point.RecoveryPointId)];
        Assert.True(unreadable.SetEquals(named), $"{what}: {named.Count} points are named, {unreadable.Count} fail to read. {findings[0].Message}");
        Assert.Equal(named.Count, findings[0].AffectedPointCount);
        if (findings[0].Kind is VaultObjectKind.Segment or VaultObjectKind.Pack)
        {
            Assert.True(findings[0].AffectsHead == await story.IsHeadUnreadableAsync(Cancel), $"{what}: the newest state");
        }

        return findings[0];
    }

    private static string NameOf(string path) => $"{Path.GetFileName(Path.GetDirectoryName(path))}/{Path.GetFileNameWithoutExtension(path)}";

    /// <summary>A file in a bad place of the medium.</summary>
    private sealed class UnreadableFile(IFileLayer inner, string path) : FileLayerDecorator(inner)
    {
        public override IFileReader? OpenRead(string opened) => opened == path ? throw new IOException("Input/output error") : base.OpenRead(opened);

        public override byte[]? ReadAll(string read, int bytesMax) => read == path ? throw new IOException("Input/output error") : base.ReadAll(read, bytesMax);
    }

    /// <summary>Storage that can be taken away.</summary>
    private sealed class GoneStorage(IFileLayer inner) : FileLayerDecorator(inner)
    {
        public bool IsGone { get; set; }

        public override IFileReader? OpenRead(string path) => IsGone ? throw new IOException("Stale file handle") : base.OpenRead(path);

        public override byte[]? ReadAll(string path, int bytesMax) => IsGone ? throw new IOException("Stale file handle") : base.ReadAll(path, bytesMax);

        public override IReadOnlyList<string> ListFiles(string directory) => IsGone ? throw new IOException("Stale file handle") : base.ListFiles(directory);

        public override IReadOnlyList<string> ListDirectories(string directory) => IsGone ? throw new IOException("Stale file handle") : base.ListDirectories(directory);
    }
}
