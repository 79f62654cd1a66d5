using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Workloads;

/// <summary>
/// Every workload that the fault tests run: power cuts, full and failing disks, damage. What the engine learns to do belongs in one of them; a new
/// kind of object is then covered by all of these tests.
/// </summary>
internal static class WorkloadCatalog
{
    public const long DiskBytes = 32 << 10;

    private const int SectorBytes = 512;
    private const int NoSpace = 28;

    public static readonly Guid First = Guid.Parse("11111111-2222-3333-4444-555555555555");
    public static readonly Guid Second = Guid.Parse("22222222-2222-3333-4444-555555555555");

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("sessions", SessionsAsync),
        new("branches", BranchesAsync),
        new("documents", DocumentsAsync),
        new("removal", RemovalAsync),
        new("side-by-side", SideBySideAsync) { IsConcurrent = true },
        new("spool", SpoolAsync) { Options = new ScriptOptions { HasSpool = true } },
        new("anything", AnythingAsync),
        new("compaction", CompactionAsync),
        new("damage", DamageAsync),
        new("damage-in-packs", DamageInPacksAsync),
    ];

    public static Workload Find(string name) => All.Single(workload => workload.Name == name);

    /// <summary>Random changes: mostly data, in ranges that overlap often.</summary>
    public static ScriptChange[] Changes(Random random, int count)
    {
        ScriptChange[] changes = new ScriptChange[count];
        for (int i = 0; i < count; i++)
        {
            int sectors = random.Next(1, 9);
            long sector = random.NextInt64((DiskBytes / SectorBytes) - sectors + 1);
            changes[i] = new ScriptChange(sector * SectorBytes, sectors * SectorBytes, random.Next(4) == 0 ? 0 : random.Next(1, int.MaxValue));
        }

        return changes;
    }

    /// <summary>Writers come one after the other, with points in between and index objects at the pace of the options.</summary>
    private static async Task SessionsAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        for (int session = 0; session < 4; session++)
        {
            await script.TakeOverAsync(First, DiskBytes);
            for (int i = 0; i < 3; i++)
            {
                await script.AppendAsync(First, Changes(context.Random, context.Random.Next(1, 5)));
                await script.AppendAsync(First, Changes(context.Random, 1));
                await script.PublishAsync(First);
            }

            await script.RestartAsync();
        }

        // The answer was lost, and the sender asks again.
        await script.TakeOverAsync(First, DiskBytes);
        await script.TakeOverAsync(First, DiskBytes, repeatsRequest: true);
        await script.AppendAsync(First, Changes(context.Random, 2));
        await script.PublishAsync(First);
    }

    /// <summary>Failover to a point, reprotection from it, failback, twice; the points of every branch stay.</summary>
    private static async Task BranchesAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        await script.TakeOverAsync(First, DiskBytes);
        List<AsrRecoveryPoint> points = [];
        for (int i = 0; i < 3; i++)
        {
            await script.AppendAsync(First, Changes(context.Random, 3));
            points.Add(await script.PublishAsync(First));
        }

        await script.AppendAsync(First, Changes(context.Random, 2));
        for (int branch = 0; branch < 4; branch++)
        {
            RecoveryPointDisk origin = points[context.Random.Next(points.Count)].Disks[0];
            await script.TakeOverAsync(First, DiskBytes, new StreamPosition(origin.Epoch, origin.Sequence));
            await script.AppendAsync(First, Changes(context.Random, 3));
            points.Add(await script.PublishAsync(First));
            await script.AppendAsync(First, Changes(context.Random, 1));
        }
    }

    /// <summary>Documents are created, swapped and deleted.</summary>
    private static async Task DocumentsAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        for (int i = 0; i < 24; i++)
        {
            string? content = i % 7 == 6 ? null : $"{{\"version\":{i},\"text\":\"{new string('x', context.Random.Next(1200))}\"}}";
            await script.SwapAsync("things", $"thing-{context.Random.Next(3)}", content);
        }
    }

    /// <summary>Points expire; the disk's replication is disabled and enabled again, with another size.</summary>
    private static async Task RemovalAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        for (int round = 0; round < 2; round++)
        {
            long sizeBytes = DiskBytes << round;
            await script.TakeOverAsync(First, sizeBytes);
            AsrRecoveryPoint last = new();
            for (int i = 0; i < 4; i++)
            {
                await script.AppendAsync(First, Changes(context.Random, 2));
                last = await script.PublishAsync(First);
            }

            await script.ExpireAsync(last);
            await script.AppendAsync(First, Changes(context.Random, 2));
            await script.DeletePointsAsync();
            await script.DeleteDiskAsync(First);
        }

        await script.TakeOverAsync(First, DiskBytes);
        await script.AppendAsync(First, Changes(context.Random, 2));
        await script.PublishAsync(First);
    }

    /// <summary>Two disks and the catalog are written at the same time, so that much is unsynced at once.</summary>
    private static async Task SideBySideAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        await Task.WhenAll(
            Task.Run(() => WriteAsync(script, First, new Random(context.Random.Next()))),
            Task.Run(() => WriteAsync(script, Second, new Random(context.Random.Next()))),
            Task.Run(async () =>
            {
                for (int i = 0; i < 12; i++)
                {
                    await script.SwapAsync("things", "thing", $"{{\"version\":{i}}}");
                }
            }));
        await script.PublishAsync(First, Second);
    }

    private static async Task WriteAsync(VaultScript script, Guid diskId, Random random)
    {
        for (int session = 0; session < 2; session++)
        {
            await script.TakeOverAsync(diskId, DiskBytes);
            for (int i = 0; i < 6; i++)
            {
                await script.AppendAsync(diskId, Changes(random, random.Next(1, 4)));
                if (i % 2 == 0)
                {
                    await script.PublishAsync(diskId);
                }
            }
        }
    }

    /// <summary>The vault's storage is full for a while: changes wait in the spool and are brought over, by this process or the next.</summary>
    private static async Task SpoolAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        for (int session = 0; session < 3; session++)
        {
            await script.TakeOverAsync(First, DiskBytes);
            await script.AppendAsync(First, Changes(context.Random, 2));
            context.Faults.Scripted = static (operation, path) =>
                operation == FileOperation.Create && path.StartsWith("/vault/disks", StringComparison.Ordinal) ? new IOException("No space left on device", NoSpace) : null;
            await script.AppendAsync(First, Changes(context.Random, 2));
            await script.AppendAsync(First, Changes(context.Random, 1));
            if (session == 1)
            {
                await script.DisposeAsync();
                context.Faults.Scripted = null;
                await script.OpenAsync();
            }
            else
            {
                context.Faults.Scripted = null;
                await script.WaitForVaultAsync(First);
                await script.PublishAsync(First);
            }
        }
    }

    /// <summary>Points come and go, on several branches, and what none needs is reclaimed; then packs are made of packs.</summary>
    private static async Task CompactionAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        await script.TakeOverAsync(First, DiskBytes);
        List<AsrRecoveryPoint> points = [];
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 5; i++)
            {
                await script.AppendAsync(First, Changes(context.Random, context.Random.Next(1, 4)));
                if (i % 2 == 0)
                {
                    points.Add(await script.PublishAsync(First));
                }
            }

            await script.CompactAsync(First);
            if (round % 2 == 1)
            {
                await script.ExpireAsync(points[^3]);
                points.RemoveRange(0, points.Count - 3);
                RecoveryPointDisk origin = points[context.Random.Next(points.Count)].Disks[0];
                await script.TakeOverAsync(First, DiskBytes, new StreamPosition(origin.Epoch, origin.Sequence));
                await script.AppendAsync(First, Changes(context.Random, 2));
                await script.CompactAsync(First);
            }
        }
    }

    /// <summary>Little of everything, so that every byte of every file can be damaged: two sessions and a branch, one large segment, points, a document.</summary>
    private static async Task DamageAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        await script.TakeOverAsync(First, DiskBytes);
        await script.AppendAsync(First, new ScriptChange(0, 1024, 1), new ScriptChange(1024, 512, 0));
        RecoveryPointDisk origin = (await script.PublishAsync(First)).Disks[0];
        await script.AppendAsync(First, new ScriptChange(512, 1024, 2), new ScriptChange(8192, 512, 4));
        await script.AppendAsync(First, new ScriptChange(0, 16384, 3));
        await script.TakeOverAsync(First, DiskBytes, new StreamPosition(origin.Epoch, origin.Sequence));
        await script.AppendAsync(First, new ScriptChange(2048, 512, 5));
        await script.AppendAsync(First, new ScriptChange(512, 512, 7), new ScriptChange(4096, 512, 6));
        await script.AppendAsync(First, new ScriptChange(0, 512, 9));
        await script.PublishAsync(First);
        await script.SwapAsync("things", "thing", "{\"version\":1}");
        await script.SwapAsync("things", "thing", "{\"version\":2}");
    }

    /// <summary>A little of what compaction leaves: packs beside segments.</summary>
    private static async Task DamageInPacksAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        await script.OpenAsync();
        await script.TakeOverAsync(First, DiskBytes);
        for (int i = 0; i < 2; i++)
        {
            await script.AppendAsync(First, new ScriptChange(0, 1024, 1 + i), new ScriptChange(2048, 512, 0), new ScriptChange(16384 * i, 512, 3 + i));
            await script.AppendAsync(First, new ScriptChange(512, 512, 5 + i), new ScriptChange(4096, 512, 7));
            await script.AppendAsync(First, new ScriptChange(8192, 1024, 8 + i));
            await script.PublishAsync(First);
            await script.CompactAsync(First);
        }

        await script.AppendAsync(First, new ScriptChange(1024, 512, 11));
        await script.PublishAsync(First);
    }

    /// <summary>A long life: whatever the dice say, on two disks.</summary>
    private static async Task AnythingAsync(WorkloadContext context)
    {
        VaultScript script = context.Script;
        Random random = context.Random;
        await script.OpenAsync();
        await script.TakeOverAsync(First, DiskBytes);
        await script.TakeOverAsync(Second, DiskBytes);
        List<AsrRecoveryPoint> points = [];
        for (int i = 0; i < 60; i++)
        {
            Guid diskId = random.Next(3) == 0 ? Second : First;
            switch (random.Next(12))
            {
                case 0:
                    await script.TakeOverAsync(diskId, DiskBytes);
                    break;
                case 1 when points.Count > 0:
                    RecoveryPointDisk origin = points[random.Next(points.Count)].Disks.Single(disk => disk.DiskId == diskId);
                    await script.TakeOverAsync(diskId, DiskBytes, new StreamPosition(origin.Epoch, origin.Sequence));
                    break;
                case 2 or 3:
                    points.Add(await script.PublishAsync(First, Second));
                    break;
                case 4:
                    await script.SwapAsync("things", "thing", $"{{\"version\":{i}}}");
                    break;
                case 5 when points.Count > 6:
                    await script.ExpireAsync(points[^4]);
                    points.RemoveRange(0, points.Count - 4);
                    break;
                default:
                    await script.AppendAsync(diskId, Changes(random, random.Next(1, 5)));
                    break;
            }
        }
    }
}
