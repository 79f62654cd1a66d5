using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault.Compaction;

/// <summary>Compaction drops what no kept position needs, and nothing else.</summary>
public abstract class CompactionTests(VaultStorage storage, int seeds) : VaultTest(storage)
{
    private protected static readonly CompactionOptions Eager = new()
    {
        BytesPerSecondMax = long.MaxValue / 4,
        DeadShareMin = 0,
        PackBytes = 40_000,
        SmallBytes = 20_000,
        SmallObjectsMin = 3,
    };

    [Fact]
    public async Task Whatever_is_kept_reads_right_after_any_number_of_compactions_with_and_without_its_index()
    {
        for (int seed = 1; seed <= seeds; seed++)
        {
            Random random = new(seed);
            DiskStory story = new(random);
            await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 3, cacheBytes: 1 << 20);
            List<StreamPosition> points = [];
            StreamPosition? from = null;
            for (int round = 0; round < 4; round++)
            {
                StreamPosition? branch = points.Count > 0 && random.Next(3) == 0 ? points[random.Next(points.Count)] : null;
                if (branch is not null)
                {
                    from = null;
                }

                List<StreamPosition> before = [.. story.Positions];
                await story.WriteSessionAsync(vault, branch, random.Next(1, 40), Cancel);
                List<StreamPosition> written = [.. story.Positions.Except(before)];
                points.RemoveAll(_ => random.Next(3) == 0);
                points.AddRange(written.Where(_ => random.Next(10) == 0));
                from = random.Next(2) == 0 && written.Count > 0 ? written[random.Next(written.Count)] : from;
                await vault.CompactAsync(story.DiskId, new KeptHistory { Points = points, ContinuousFrom = from }, Eager, Cancel);
                foreach (StreamPosition position in points.Append(story.Head))
                {
                    await story.CheckAsync(vault, position, Cancel);
                }

                foreach (StreamPosition position in written.Where(position => from is not null && position.Sequence >= from.Value.Sequence))
                {
                    await story.CheckAsync(vault, position, Cancel);
                }
            }

            await CheckEveryPositionIsRightOrRefused(vault, story);
            foreach (string path in Storage.Files.Where(static path => path.EndsWith(".idx", StringComparison.Ordinal)))
            {
                Storage.Delete(path);
            }

            await using SealedVault again = await TestVault.OpenAsync(Storage);
            foreach (StreamPosition position in points.Append(story.Head))
            {
                await story.CheckAsync(again, position, Cancel);
            }

            await CheckEveryPositionIsRightOrRefused(again, story);
        }
    }

    [Fact]
    public async Task At_least_four_fifths_of_the_dead_space_are_freed()
    {
        DiskStory story = new(new Random(7));
        await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 8);
        await story.WriteSessionAsync(vault, null, 400, Cancel);
        long before = SegmentBytes();
        KeptHistory headOnly = new() { Points = [] };
        CompactionResult result = await vault.CompactAsync(story.DiskId, headOnly, Eager with { DeadShareMin = 0.05 }, Cancel);
        long freed = before - SegmentBytes();
        Assert.True(result.DeadBytesBefore > before / 2, $"{result.DeadBytesBefore} of {before} bytes are dead.");
        Assert.True(freed >= result.DeadBytesBefore * 0.8, $"{freed} of {result.DeadBytesBefore} dead bytes were freed.");
        Assert.Equal(SegmentBytes(), result.BytesAfter);
        await story.CheckAsync(vault, story.Head, Cancel);
        Assert.Equal(0, (await vault.CompactAsync(story.DiskId, headOnly, Eager with { DeadShareMin = 0.05, SmallObjectsMin = 1000 }, Cancel)).PacksWritten);
    }

    [Fact]
    public async Task A_position_that_is_not_kept_is_refused_and_one_that_was_dropped_never_comes_back()
    {
        DiskStory story = new(new Random(3));
        await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 4);
        await story.WriteSessionAsync(vault, null, 30, Cancel);
        StreamPosition dropped = story.Positions.First();
        await story.CheckAsync(vault, dropped, Cancel);
        await vault.CompactAsync(story.DiskId, new KeptHistory { Points = [] }, Eager, Cancel);
        Assert.Equal(AsrErrorCode.RecoveryPointUnavailable, (await Assert.ThrowsAsync<AsrException>(() => vault.OpenAsync(story.DiskId, dropped, Cancel))).Code);
        await vault.CompactAsync(story.DiskId, new KeptHistory { Points = [dropped] }, Eager, Cancel);
        Assert.Equal(AsrErrorCode.RecoveryPointUnavailable, (await Assert.ThrowsAsync<AsrException>(() => vault.OpenAsync(story.DiskId, dropped, Cancel))).Code);
        Assert.Equal(
            AsrErrorCode.RecoveryPointUnavailable,
            (await Assert.ThrowsAsync<AsrException>(() => story.WriteSessionAsync(vault, dropped, 1, Cancel))).Code);
    }

    [Fact]
    public async Task What_someone_has_open_is_kept_whether_in_this_process_or_another()
    {
        DiskStory story = new(new Random(5));
        await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 4);
        await using SealedVault other = await TestVault.OpenAsync(Storage, indexRunSegments: 4);
        await story.WriteSessionAsync(vault, null, 60, Cancel);
        StreamPosition[] positions = [.. story.Positions];
        await using IBlockDevice here = await vault.OpenAsync(story.DiskId, positions[20], Cancel);
        await using (IBlockDevice there = await other.OpenAsync(story.DiskId, positions[50], Cancel))
        {
            Assert.True((await vault.CompactAsync(story.DiskId, new KeptHistory { Points = [] }, Eager, Cancel)).PacksWritten > 0);
            await story.CheckAsync(here, positions[20], Cancel);
            await story.CheckAsync(there, positions[50], Cancel);
        }

        await story.WriteSessionAsync(vault, null, 60, Cancel);
        await vault.CompactAsync(story.DiskId, new KeptHistory { Points = [] }, Eager, Cancel);
        await story.CheckAsync(here, positions[20], Cancel);
        await story.CheckAsync(other, story.Head, Cancel);
    }

    [Fact]
    public async Task A_writer_goes_on_during_compactions_and_its_own_view_stays_right()
    {
        DiskStory story = new(new Random(11));
        await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 2);
        await story.WriteSessionAsync(vault, null, 20, Cancel);
        Task writing = story.WriteSessionAsync(vault, null, 300, Cancel);
        int packs = 0;
        while (!writing.IsCompleted)
        {
            packs += (await vault.CompactAsync(story.DiskId, new KeptHistory { Points = [] }, Eager, Cancel)).PacksWritten;
        }

        await writing;
        Assert.True(packs > 0);
        await story.CheckAsync(vault, story.Head, Cancel);
    }

    [Fact]
    public async Task A_damaged_object_is_named_and_left_and_the_rest_is_compacted()
    {
        DiskStory story = new(new Random(17));
        await using SealedVault vault = await TestVault.OpenAsync(Storage, indexRunSegments: 4);
        await story.WriteSessionAsync(vault, null, 60, Cancel);
        string damaged = Storage.Files.First(static path => path.EndsWith(".seg", StringComparison.Ordinal));
        Storage.FlipBit(damaged, (Storage.Read(damaged).Length * 8) - 5);
        await using SealedVault again = await TestVault.OpenAsync(Storage, indexRunSegments: 4);
        CompactionResult result = await again.CompactAsync(story.DiskId, new KeptHistory { Points = [] }, Eager, Cancel);
        Assert.Contains(System.IO.Path.GetFileNameWithoutExtension(damaged), Assert.Single(result.Damaged));
        Assert.True(result.PacksWritten > 0);
        Assert.Contains(damaged, Storage.Files);
        await story.CheckAsync(again, story.Head, Cancel);
    }

    private static async Task CheckEveryPositionIsRightOrRefused(SealedVault vault, DiskStory story)
    {
        foreach (StreamPosition position in story.Positions)
        {
            try
            {
                await story.CheckAsync(vault, position, Cancel);
            }
            catch (AsrException refused) when (refused.Code == AsrErrorCode.RecoveryPointUnavailable)
            {
                // As it should be: better than wrong data.
            }
        }
    }

    private long SegmentBytes() => Storage.Files
        .Where(static path => path.EndsWith(".seg", StringComparison.Ordinal) || path.EndsWith(".pak", StringComparison.Ordinal))
        .Sum(path => (long)Storage.Read(path).Length);
}

/// <summary>In a folder.</summary>
public sealed class FolderCompactionTests() : CompactionTests(new FolderStorage(), seeds: 20)
{
    [Fact]
    public async Task A_compaction_that_ends_anywhere_leaves_everything_readable()
    {
        for (int operation = 1; operation < 400; operation++)
        {
            SimulatedFileLayer files = new();
            DiskStory story = new(new Random(13));
            StreamPosition[] points;
            bool isComplete = false;
            await using (SealedVault vault = await TestVault.OpenAsync(files, indexRunSegments: 3))
            {
                await story.WriteSessionAsync(vault, null, 25, Cancel);
                points = [.. story.Positions.Where(static (_, i) => i % 9 == 4)];
                files.CrashAt(operation);
                try
                {
                    await vault.CompactAsync(story.DiskId, new KeptHistory { Points = points }, Eager, Cancel);
                    isComplete = true;
                }
                catch (AsrException cut) when (cut.Code == AsrErrorCode.VaultUnavailable)
                {
                    // The power cut, as the product tells it.
                }
            }

            SimulatedFileLayer after = files.Restart(new Random(operation));
            await using SealedVault restarted = await TestVault.OpenAsync(after, indexRunSegments: 3);
            foreach (StreamPosition position in points.Append(story.Head))
            {
                await story.CheckAsync(restarted, position, Cancel);
            }

            await restarted.CompactAsync(story.DiskId, new KeptHistory { Points = points }, Eager, Cancel);
            foreach (StreamPosition position in points.Append(story.Head))
            {
                await story.CheckAsync(restarted, position, Cancel);
            }

            if (isComplete)
            {
                return;
            }
        }

        Assert.Fail("The compaction never completed.");
    }
}

/// <summary>In Azure Storage.</summary>
public sealed class BlobCompactionTests() : CompactionTests(new BlobStorage(), seeds: 1);
