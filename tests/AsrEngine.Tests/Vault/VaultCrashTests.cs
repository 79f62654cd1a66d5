using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>Power cuts at every operation: what was vouched for is there afterwards, and everything that is there is right.</summary>
public sealed class VaultCrashTests
{
    private const long DiskBytes = 64 << 10;
    private static readonly Guid DiskId = Guid.Parse("11111111-2222-3333-4444-555555555555");
    private static readonly Guid MachineId = Guid.Parse("99999999-2222-3333-4444-555555555555");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_acknowledged_is_lost_by_a_power_cut_at_any_operation()
    {
        for (int operation = 1; operation < 500; operation++)
        {
            SimulatedFileLayer files = new();
            files.CrashAt(operation);
            Outcome outcome = await RunAsync(files);
            for (int draw = 0; draw < 10; draw++)
            {
                await VerifyAsync(files.Restart(new Random((operation * 100) + draw)), outcome, operation);
            }

            if (outcome.IsComplete)
            {
                return;
            }
        }

        Assert.Fail("The work never completed.");
    }

    private static async Task<Outcome> RunAsync(SimulatedFileLayer files)
    {
        Outcome outcome = new();
        try
        {
            await using IVault vault = await TestVault.OpenAsync(files, checkpointSegments: 2);
            RecoveryPointLog log = new(vault.Catalog);
            for (int session = 1; session <= 2; session++)
            {
                await using IReplicaWriter writer = await vault.TakeOverAsync(DiskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes }, Cancel);
                outcome.Epochs.Add(writer.Session.Epoch);
                for (int i = 0; i < 4; i++)
                {
                    long sequence = writer.ReceivedSequence + 1;
                    await writer.AppendAsync(BatchMaker.Writes(DiskId, writer.Session.Epoch, sequence, DiskBytes, (0, 512, (byte)sequence), (512 * sequence, 512, (byte)sequence)), Cancel);
                    outcome.Acknowledged = writer.VaultSequence;
                }

                AsrRecoveryPoint point = new()
                {
                    Id = Guid.NewGuid(),
                    MachineId = MachineId,
                    Disks = [new RecoveryPointDisk { DiskId = DiskId, Epoch = writer.Session.Epoch, Sequence = writer.VaultSequence }],
                };
                await log.PublishAsync(point, Cancel);
                outcome.Points.Add(point);
            }

            outcome.IsComplete = true;
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.VaultUnavailable)
        {
            // The power cut, as the product tells it.
        }

        return outcome;
    }

    private static async Task VerifyAsync(SimulatedFileLayer files, Outcome outcome, int operation)
    {
        await using IVault vault = await TestVault.OpenAsync(files, checkpointSegments: 2);
        StreamPosition head = await vault.GetHeadAsync(DiskId, Cancel);
        Assert.True(head.Sequence >= outcome.Acknowledged, $"Cut at operation {operation}: {outcome.Acknowledged} acknowledged, {head.Sequence} there.");
        if (head.Sequence > 0)
        {
            await AssertContentAsync(vault, head);
        }

        RecoveryPointLog log = new(vault.Catalog);
        foreach (AsrRecoveryPoint point in outcome.Points)
        {
            Assert.NotNull(await log.FindAsync(MachineId, point.Id, Cancel));
            await AssertContentAsync(vault, new StreamPosition(point.Disks[0].Epoch, point.Disks[0].Sequence));
        }

        await using IReplicaWriter writer = await vault.TakeOverAsync(DiskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes }, Cancel);
        Assert.Equal(head.Sequence + 1, writer.Session.NextSequence);
        Assert.DoesNotContain(writer.Session.Epoch, outcome.Epochs);
    }

    /// <summary>Each batch has two changes: its first sequence number to the first sector and to the sector of that number.</summary>
    private static async Task AssertContentAsync(IVault vault, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(DiskId, position, Cancel);
        byte[] actual = new byte[DiskBytes];
        await image.ReadAsync(0, actual, Cancel);
        byte[] expected = new byte[DiskBytes];
        for (int sequence = 1; sequence <= position.Sequence; sequence++)
        {
            int first = sequence - ((sequence + 1) % 2);
            expected.AsSpan(sequence == first ? 0 : 512 * first, 512).Fill((byte)first);
        }

        Assert.Equal(expected, actual);
    }

    private sealed class Outcome
    {
        public long Acknowledged { get; set; }

        public List<int> Epochs { get; } = [];

        public List<AsrRecoveryPoint> Points { get; } = [];

        public bool IsComplete { get; set; }
    }
}
