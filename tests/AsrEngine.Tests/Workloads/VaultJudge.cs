using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Workloads;

/// <summary>Holds a vault against what it had promised, then goes on with it as a new writer would. Not thread-safe.</summary>
internal sealed class VaultJudge(SimulatedFileLayer files, Ledger ledger, ScriptOptions options, Random random)
{
    private readonly List<string> _violations = [];

    /// <summary>What is wrong with the vault in these files; empty when nothing is. The files are changed.</summary>
    public static async Task<IReadOnlyList<string>> JudgeAsync(SimulatedFileLayer files, Ledger ledger, ScriptOptions options, Random random)
    {
        VaultJudge judge = new(files, ledger, options, random);
        await judge.GuardAsync("the vault cannot be opened", judge.JudgeAsync);
        return judge._violations;
    }

    private async Task JudgeAsync()
    {
        Dictionary<Guid, (StreamPosition Position, byte[] Content)> continued = [];
        await using (SealedVault vault = await TestVault.OpenAsync(files, options))
        {
            await CheckReadsAsync(vault);
            foreach (Guid diskId in ledger.Disks.Keys.Order())
            {
                await GuardAsync($"disk {diskId} cannot go on", async () => continued[diskId] = await ContinueAsync(vault, diskId));
            }
        }

        foreach (string leftover in files.Files.Where(path => path.EndsWith(".tmp", StringComparison.Ordinal)))
        {
            Violate($"'{leftover}' is left behind by the next session");
        }

        // What the new writers were promised must outlive the next power cut as well.
        await using SealedVault again = await TestVault.OpenAsync(files.Crash(CrashFate.LosesAll), options);
        foreach ((Guid diskId, (StreamPosition position, byte[] content)) in continued)
        {
            await CheckContentAsync(again, diskId, position, content, "the position reached after the cut");
        }

        // The points have not been touched since they were checked; some of the states are enough.
        if (random.Next(4) == 0)
        {
            await CheckPointsAsync(again);
        }
    }

    private async Task CheckReadsAsync(SealedVault vault)
    {
        await CheckPointsAsync(vault);
        foreach ((string name, DocumentLedger document) in ledger.Documents)
        {
            await GuardAsync($"document {name} cannot be read", async () =>
            {
                string[] parts = name.Split('/');
                CatalogDocument? found = await vault.Catalog.ReadAsync(parts[0], parts[1], CancellationToken.None);
                string? content = found is null ? null : Encoding.UTF8.GetString(found.Content.Span);
                if (!document.Allows(content))
                {
                    Violate($"document {name} is {content ?? "absent"}, and was {document.Current ?? "absent"}");
                }
            });
        }

        foreach ((Guid diskId, DiskLedger disk) in ledger.Disks)
        {
            await GuardAsync($"a position of disk {diskId} cannot be opened", () => CheckAnyPositionAsync(vault, diskId, disk));
        }
    }

    private async Task CheckPointsAsync(SealedVault vault)
    {
        IReadOnlyList<AsrRecoveryPoint> found = await new RecoveryPointLog(vault.Catalog).ListAsync(Ledger.MachineId, int.MaxValue, CancellationToken.None);
        foreach (AsrRecoveryPoint point in found)
        {
            if (!ledger.Points.TryGetValue(point.Id, out PointLedger? known) || known.State == PointState.Deleted)
            {
                Violate($"point {point.Id} is there and should not be");
                continue;
            }

            if (!point.Disks.SequenceEqual(known.Point.Disks) || point.Time != known.Point.Time)
            {
                Violate($"point {point.Id} is not the one that was published");
            }

            foreach (RecoveryPointDisk disk in point.Disks)
            {
                StreamPosition position = new(disk.Epoch, disk.Sequence);
                await CheckContentAsync(vault, disk.DiskId, position, ledger.Disk(disk.DiskId).ContentAt(position), $"point {point.Id}");
            }
        }

        foreach (PointLedger missing in ledger.Points.Values.Where(point => point.State == PointState.Published && found.All(other => other.Id != point.Point.Id)))
        {
            Violate($"point {missing.Point.Id} was acknowledged and is not there");
        }
    }

    /// <summary>One position that was vouched for, wherever it lies in the tree.</summary>
    private async Task CheckAnyPositionAsync(SealedVault vault, Guid diskId, DiskLedger disk)
    {
        if (disk.IsDeleting || disk.IsGone || disk.Floor.Sequence == 0)
        {
            return;
        }

        StreamPosition position = new(disk.Floor.Epoch, random.NextInt64(disk.Floor.Sequence + 1));
        try
        {
            Compare(await ReadAsync(vault, diskId, position, disk.SizeBytes), disk.ContentAt(position), $"an earlier position, {position} of disk {diskId}");
        }
        catch (AsrException error) when (disk.IsThinned && error.Code == AsrErrorCode.RecoveryPointUnavailable)
        {
            // Compaction keeps what points need, and says so of the rest.
        }
    }

    /// <summary>Checks the head, takes the disk over and writes on. Returns where that led.</summary>
    private async Task<(StreamPosition Position, byte[] Content)> ContinueAsync(SealedVault vault, Guid diskId)
    {
        DiskLedger disk = ledger.Disk(diskId);
        StreamPosition head = await vault.GetHeadAsync(diskId, CancellationToken.None);
        await CheckHeadAsync(vault, diskId, disk, head, "the head");
        (IReplicaWriter writer, byte[] content) = await TakeOverAsync(vault, diskId, disk, head);
        await using (writer)
        {
            ScriptChange[] changes = [new ScriptChange(0, 1024, random.Next(1, 1 << 20)), new ScriptChange(1024, 512, 0)];
            await writer.AppendAsync(ScriptChange.ToBatch(diskId, writer.Session.Epoch, writer.Session.NextSequence, changes), CancellationToken.None);
            foreach (ScriptChange change in changes)
            {
                change.ApplyTo(content);
            }

            StreamPosition position = new(writer.Session.Epoch, writer.Session.NextSequence + changes.Length - 1);
            if (writer.VaultSequence != position.Sequence)
            {
                Violate($"the new writer of disk {diskId} is vouched for up to {writer.VaultSequence} and not {position.Sequence}");
            }

            await CheckContentAsync(vault, diskId, position, content, "what the new writer wrote");
            return (position, content);
        }
    }

    /// <summary>The content of a head, which must be one that the ledger allows.</summary>
    private async Task<byte[]> CheckHeadAsync(SealedVault vault, Guid diskId, DiskLedger disk, StreamPosition head, string what)
    {
        if (disk.IsDeleting && head == default)
        {
            return new byte[disk.SizeBytes];
        }

        List<StreamPosition> candidates = Candidates(disk, head);
        if (candidates.Count == 0)
        {
            Violate($"{what} of disk {diskId} is {head}, behind or beside what was vouched for");
        }

        byte[] actual = await ReadAsync(vault, diskId, head, disk.SizeBytes);
        if (candidates.Count > 0 && !candidates.Any(candidate => disk.ContentAt(candidate).AsSpan().SequenceEqual(actual)))
        {
            Violate($"{what} of disk {diskId}, {head}, reads wrong");
        }

        return actual;
    }

    /// <summary>
    /// The positions of the ledger that the head may be. The epoch of a takeover that was not answered is in no ledger, and has no changes: its
    /// head is the head before it, or the base that was asked for.
    /// </summary>
    private static List<StreamPosition> Candidates(DiskLedger disk, StreamPosition head)
    {
        List<StreamPosition> candidates = [];
        EpochLedger? newest = disk.IsGone ? null : disk.Epochs.LastOrDefault();
        bool isKnown = disk.Find(head.Epoch) is not null;
        StreamPosition named = isKnown ? head : new StreamPosition(newest?.Number ?? 0, head.Sequence);
        bool isOld = isKnown && newest is not null && head.Epoch < newest.Number;
        if (!isOld && disk.WasSent(named) && disk.Contains(named, disk.Floor))
        {
            candidates.Add(named);
        }

        if (!isKnown)
        {
            candidates.AddRange(disk.TakingOver.OfType<StreamPosition>().Where(origin => origin.Sequence == head.Sequence));
        }

        return candidates;
    }

    private async Task<(IReplicaWriter Writer, byte[] Content)> TakeOverAsync(SealedVault vault, Guid diskId, DiskLedger disk, StreamPosition head)
    {
        OpenSessionRequest request = new() { Nonce = Guid.NewGuid(), MachineId = Ledger.MachineId, SizeBytes = disk.SizeBytes };
        IReplicaWriter writer = await vault.TakeOverAsync(diskId, request, CancellationToken.None);
        ReplicationSession session = writer.Session;
        if (session.NextSequence != session.Parent.Sequence + 1 || disk.Epochs.Any(epoch => epoch.Number >= session.Epoch))
        {
            Violate($"the new session of disk {diskId} is {session}");
        }

        // It continues at the head, unless a takeover was under way, which comes first, or this machine's spool holds more than the vault showed.
        if (session.Parent.Sequence != head.Sequence && disk.TakingOver.Count == 0 && !options.HasSpool)
        {
            Violate($"the new session of disk {diskId} continues at {session.Parent}, and the head was {head}");
        }

        if (!disk.IsDeleting && disk.TakingOver.Count == 0 && !disk.Contains(session.Parent, disk.Received))
        {
            Violate($"the new session of disk {diskId} continues at {session.Parent}, and {disk.Received} was received");
        }

        return (writer, await CheckHeadAsync(vault, diskId, disk, session.Parent, "the parent of the new session"));
    }

    private Task CheckContentAsync(SealedVault vault, Guid diskId, StreamPosition position, byte[] expected, string what) =>
        GuardAsync(
            $"{what}, {position} of disk {diskId}, cannot be read",
            async () => Compare(await ReadAsync(vault, diskId, position, expected.Length), expected, $"{what}, {position} of disk {diskId}"));

    private void Compare(byte[] actual, byte[] expected, string what)
    {
        int difference = actual.AsSpan().CommonPrefixLength(expected);
        if (difference < expected.Length || actual.Length != expected.Length)
        {
            Violate($"{what}, reads wrong from byte {difference} on");
        }
    }

    private static async Task<byte[]> ReadAsync(SealedVault vault, Guid diskId, StreamPosition position, long length)
    {
        if (position == default)
        {
            return new byte[length];
        }

        await using IBlockDevice image = await vault.OpenAsync(diskId, position, CancellationToken.None);
        byte[] content = new byte[image.Length];
        await image.ReadAsync(0, content, CancellationToken.None);
        return content;
    }

    private async Task GuardAsync(string what, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (Exception error)
        {
            // Whatever it is: no state that a power cut leaves may make the vault throw.
            Violate($"{what}: {(error is AsrException known ? known.Code : error.GetType().Name)}: {error.Message}");
        }
    }

    private void Violate(string what) => _violations.Add(what);
}
