using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault.Compaction;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Scrub;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Vault.Scrub;

/// <summary>A vault with a disk of several sessions and branches, recovery points, index runs and packs, to be damaged and scrubbed.</summary>
internal sealed class ScrubStory
{
    private readonly DiskStory _disk;
    private readonly List<AsrRecoveryPoint> _points = [];

    private ScrubStory(SimulatedFileLayer files, DiskStory disk)
    {
        Files = files;
        _disk = disk;
    }

    public SimulatedFileLayer Files { get; }

    public DiskStory Disk => _disk;

    public IReadOnlyList<AsrRecoveryPoint> Points => _points;

    /// <summary>Every file of the vault, lock files and the scrubs' own documents aside.</summary>
    public IReadOnlyList<string> Paths =>
        [.. Files.Files.Where(static path => !path.EndsWith(".lock", StringComparison.Ordinal) && !path.Contains("/scrubs/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public static CompactionOptions Eager { get; } = new()
    {
        BytesPerSecondMax = long.MaxValue / 4,
        DeadShareMin = 0,
        PackBytes = 40_000,
        SmallBytes = 20_000,
        SmallObjectsMin = 3,
    };

    public static async Task<ScrubStory> MakeAsync(int seed, CancellationToken cancellationToken)
    {
        Random random = new(seed);
        ScrubStory story = new(new SimulatedFileLayer(), new DiskStory(random));
        await using SealedVault vault = await story.OpenAsync();
        await story.WriteAsync(vault, random, null, 24, cancellationToken);
        await story.CompactAsync(vault, cancellationToken);
        await story.WriteAsync(vault, random, story.PositionOf(story._points[^2]), 9, cancellationToken);
        await story.WriteAsync(vault, random, null, 11, cancellationToken);
        return story;
    }

    public Task<SealedVault> OpenAsync(IFileLayer? files = null) => TestVault.OpenAsync(files ?? Files, indexRunSegments: 4);

    /// <summary>Writes a session and publishes some of its positions as points.</summary>
    public async Task WriteAsync(SealedVault vault, Random random, StreamPosition? from, int batches, CancellationToken cancellationToken)
    {
        HashSet<StreamPosition> before = [.. _disk.Positions];
        await _disk.WriteSessionAsync(vault, from, batches, cancellationToken);
        StreamPosition[] written = [.. _disk.Positions.Where(position => !before.Contains(position))];
        foreach (StreamPosition position in written.Where(_ => random.Next(8) == 0).Append(written[^1]).Distinct().ToArray())
        {
            await PublishAsync(vault, position, cancellationToken);
        }
    }

    public Task<CompactionResult> CompactAsync(SealedVault vault, CancellationToken cancellationToken) =>
        vault.CompactAsync(_disk.DiskId, new KeptHistory { Points = [.. _points.Select(PositionOf)] }, Eager, cancellationToken);

    /// <summary>Scrubs everything, and returns what was found.</summary>
    public async Task<AsrVaultCheck> ScrubAsync(CancellationToken cancellationToken, IFileLayer? files = null)
    {
        await using SealedVault vault = await OpenAsync(files);
        AsrVaultCheck check = new();
        await foreach (ScrubProgress progress in vault.ScrubAsync(new ScrubOptions { Name = "test", Restart = true, BytesPerSecondMax = long.MaxValue / 4 }, cancellationToken))
        {
            check = progress.Check;
        }

        return check;
    }

    /// <summary>The points that really cannot be read whole now, by document and disk, in a vault opened anew.</summary>
    public async Task<HashSet<Guid>> FindUnreadableAsync(CancellationToken cancellationToken)
    {
        HashSet<Guid> unreadable = [];
        await using SealedVault vault = await OpenAsync();
        foreach (AsrRecoveryPoint point in _points)
        {
            try
            {
                AsrRecoveryPoint? stored = await new RecoveryPointLog(vault.Catalog).FindAsync(point.MachineId, point.Id, cancellationToken);
                await _disk.CheckAsync(vault, PositionOf(stored!), cancellationToken);
            }
            catch (AsrException)
            {
                unreadable.Add(point.Id);
            }
        }

        return unreadable;
    }

    /// <summary>Whether the newest state cannot be read whole.</summary>
    public async Task<bool> IsHeadUnreadableAsync(CancellationToken cancellationToken)
    {
        await using SealedVault vault = await OpenAsync();
        try
        {
            await _disk.CheckAsync(vault, _disk.Head, cancellationToken);
            return false;
        }
        catch (AsrException)
        {
            return true;
        }
    }

    private StreamPosition PositionOf(AsrRecoveryPoint point) => new(point.Disks[0].Epoch, point.Disks[0].Sequence);

    private async Task PublishAsync(SealedVault vault, StreamPosition position, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint point = new()
        {
            Id = Guid.NewGuid(),
            MachineName = "web",
            Time = DateTimeOffset.UnixEpoch.AddMinutes(_points.Count),
            Disks = [new RecoveryPointDisk { DiskId = _disk.DiskId, Name = "sda", SizeBytes = DiskStory.Bytes, Epoch = position.Epoch, Sequence = position.Sequence }],
        };
        await new RecoveryPointLog(vault.Catalog).PublishAsync(point, cancellationToken);
        _points.Add(point);
    }
}
