using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>
/// Finds what a machine can be brought up from at any second: the newest recovery point or instant of the continuous stream at or before it whose positions are part of
/// the disks' history and durable in the vault. Safe for concurrent callers.
/// </summary>
public sealed class PointInTimeFinder(IVault vault, IInstantLog instants, IRecoveryPointLog points, TimeProvider time)
{
    /// <summary>Instants looked through for a usable one; the search halves them, so at most eleven are opened.</summary>
    private const int CandidatesMax = 600;

    private const int PointsMax = 1_000;

    /// <summary>How far after the newest instant a time may lie: instants of a machine at rest come every 10 seconds, and take a moment to arrive.</summary>
    private static readonly TimeSpan NewestSlack = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The point for a time: one that is published, or one that is not (<see cref="AsrRecoveryPoint.PublishedAt"/> is unset) and whose id is always the same for the same
    /// machine and instant. Its time says which moment is really taken.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <param name="at">The time asked for.</param>
    /// <param name="window">How far back any second can be opened.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.PointInTimeUnavailable"/>, naming the nearest times on both sides.</exception>
    public async Task<AsrRecoveryPoint> FindAsync(AsrReplicatedMachine machine, DateTimeOffset at, TimeSpan window, CancellationToken cancellationToken)
    {
        IReadOnlyList<AsrRecoveryPoint> published = await points.ListAsync(machine.Id, PointsMax, cancellationToken).ConfigureAwait(false);
        AsrRecoveryPoint? point = published.Where(known => known.Time <= at).MaxBy(static known => known.Time);
        if (point?.Time == at)
        {
            return point;
        }

        DateTimeOffset begin = time.GetUtcNow() - window;
        IReadOnlyList<MachineInstant> before = await instants.ListBeforeAsync(machine.Id, at, CandidatesMax, cancellationToken).ConfigureAwait(false);
        MachineInstant[] candidates = [.. before.Where(instant => instant.Time >= begin)];
        MachineInstant? after = await instants.FindAfterAsync(machine.Id, at < begin ? begin : at, cancellationToken).ConfigureAwait(false);
        DateTimeOffset? newest = Max(point?.Time, candidates.FirstOrDefault()?.Time);
        DateTimeOffset? laterPoint = published.Where(known => known.Time > at).Min(static known => (DateTimeOffset?)known.Time);
        DateTimeOffset? later = Min(after?.Time, laterPoint);
        string? whyNot = at < begin ? $"lies before {Text(begin)}, where the policy's continuous stream begins"
            : candidates.Length == 0 && !(at - point?.Time <= NewestSlack) ? "lies before the first second that was noted"
            : after is null && at - newest > NewestSlack ? "lies after the last second that was noted"
            : null;
        if (whyNot is null)
        {
            AsrRecoveryPoint? found = await FindUsableAsync(machine, candidates, point, cancellationToken).ConfigureAwait(false);

            // An older point instead of a second that was noted is right at the end of the stream, where seconds are noted before the vault has them. Within it they were given up, as when
            // the window was shorter for a time: then the older point is a choice for a person.
            if (found is not null && (found != point || laterPoint is null || candidates.All(instant => instant.Time <= found.Time)))
            {
                return found;
            }

            whyNot = "is not in the vault: the seconds before it were given up when space was reclaimed, are not part of the disks' history, or never reached the vault";
            (newest, later) = (point?.Time, laterPoint);
        }

        throw Unavailable(machine, at, whyNot, newest, later);
    }

    /// <summary>Makes a real recovery point of what <see cref="FindAsync"/> gave; one that is published already stays as it is.</summary>
    public async Task<AsrRecoveryPoint> PublishAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => IsPublished(point)
        ? point
        : await points.PublishAsync(point with { PublishedAt = time.GetUtcNow() }, cancellationToken).ConfigureAwait(false);

    private static bool IsPublished(AsrRecoveryPoint point) => point.PublishedAt != default;

    private static DateTimeOffset? Max(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;

    private static DateTimeOffset? Min(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b : a;

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);

    private static AsrException Unavailable(AsrReplicatedMachine machine, DateTimeOffset at, string why, DateTimeOffset? before, DateTimeOffset? after)
    {
        string nearest = (before, after) switch
        {
            ({ } earlier, { } later) => $"The nearest times are {Text(earlier)} before it and {Text(later)} after it.",
            ({ } earlier, null) => $"The nearest time is {Text(earlier)} before it; there is none after it.",
            (null, { } later) => $"The nearest time is {Text(later)} after it; there is none before it.",
            _ => "There is no other time either.",
        };
        return new AsrException(
            AsrErrorCode.PointInTimeUnavailable,
            $"Machine '{machine.Name}' cannot be opened at {Text(at)}: this {why}. {nearest}",
            "Ask for one of the nearest times, or choose a recovery point.",
            machine.Name);
    }

    // The newest usable instant, unless the published point is newer. Where one instant is usable, older ones are too; so the border is found by halving.
    private async Task<AsrRecoveryPoint?> FindUsableAsync(
        AsrReplicatedMachine machine, MachineInstant[] candidates, AsrRecoveryPoint? point, CancellationToken cancellationToken)
    {
        AsrRecoveryPoint? best = null;
        int from = 0;
        int to = candidates.Length;
        int next = 0;
        while (from < to)
        {
            if (point is not null && candidates[next].Time <= point.Time)
            {
                // Older ones are of no use, whether they can be opened or not.
                to = next;
            }
            else if (await TryOpenAsync(machine, candidates[next], cancellationToken).ConfigureAwait(false) is { } usable)
            {
                best = usable;
                to = next;
            }
            else
            {
                from = next + 1;
            }

            next = from + ((to - from) / 2);
        }

        return best ?? point;
    }

    private async Task<AsrRecoveryPoint?> TryOpenAsync(AsrReplicatedMachine machine, MachineInstant instant, CancellationToken cancellationToken)
    {
        List<RecoveryPointDisk> disks = [];
        foreach (DiskBase disk in instant.Disks)
        {
            try
            {
                await using IBlockDevice image = await vault.OpenAsync(disk.DiskId, disk.Position, cancellationToken).ConfigureAwait(false);
                disks.Add(new RecoveryPointDisk
                {
                    DiskId = disk.DiskId,
                    Name = machine.Disks.FirstOrDefault(known => known.Id == disk.DiskId)?.Name ?? disk.DiskId.ToString(),
                    SizeBytes = image.Length,
                    Epoch = disk.Position.Epoch,
                    Sequence = disk.Position.Sequence,
                });
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.RecoveryPointUnavailable)
            {
                return null;
            }
        }

        return new AsrRecoveryPoint
        {
            Id = IdOf(machine.Id, instant.Time),
            MachineId = machine.Id,
            MachineName = machine.Name,
            Time = instant.Time,
            Source = instant.Source,
            Reason = RecoveryPointReason.PointInTime,
            Disks = disks,
        };
    }

    // The same instant is the same point, however often it is asked for.
    private static Guid IdOf(Guid machineId, DateTimeOffset instant)
    {
        byte[] name = [.. "asr instant "u8, .. machineId.ToByteArray(), .. BitConverter.GetBytes(instant.UtcTicks)];
        return new Guid(SHA256.HashData(name).AsSpan(0, 16));
    }
}
