using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Vault;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

public abstract class SpoolTests(VaultStorage storage) : VaultTest(storage)
{
    private const long DiskBytes = 64 << 10;
    private static readonly Guid DiskId = Guid.NewGuid();

    /// <summary>The spool is in files wherever the vault is.</summary>
    private protected SimulatedFileLayer SpoolFiles { get; } = new();

    [Fact]
    public async Task While_the_vault_is_full_changes_wait_sealed_and_then_follow_in_order()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage, spool: SpoolFiles);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        await writer.AppendAsync(Write(1), Cancel);
        BreakVault();
        await writer.AppendAsync(Write(2), Cancel);
        await writer.AppendAsync(Write(3), Cancel);
        Assert.Equal((3, 1), (writer.ReceivedSequence, writer.VaultSequence));
        Assert.True(vault.SpoolBytes > 0);
        Assert.Equal(new StreamPosition(1, 1), await vault.GetHeadAsync(DiskId, Cancel));

        // The newest state is readable all the same, for hashes.
        byte[] content = new byte[1536];
        await writer.Current.ReadAsync(0, content, Cancel);
        Assert.Equal((1, 2, 3), (content[0], content[512], content[1024]));

        Storage.Fault = null;
        await writer.WaitForVaultAsync(3, Cancel);
        Assert.Equal(new StreamPosition(1, 3), await vault.GetHeadAsync(DiskId, Cancel));
        await writer.AppendAsync(Write(4), Cancel);
        await writer.WaitForVaultAsync(4, Cancel);
        Assert.Equal(0, vault.SpoolBytes);
        Assert.DoesNotContain(SpoolFiles.Files, path => path.EndsWith(".seg", StringComparison.Ordinal));
    }

    [Fact]
    public async Task At_its_limit_the_spool_refuses_and_keeps_what_it_has()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage, spool: SpoolFiles, spoolBytesMax: 400);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        BreakVault();
        await writer.AppendAsync(Write(1), Cancel);
        await writer.AppendAsync(Write(2), Cancel);
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => writer.AppendAsync(Write(3), Cancel));
        Assert.Equal((AsrErrorCode.SpoolFull, 2), (error.Code, writer.ReceivedSequence));
        Storage.Fault = null;
        await writer.WaitForVaultAsync(2, Cancel);
        await writer.AppendAsync(Write(3), Cancel);
        await writer.WaitForVaultAsync(3, Cancel);
    }

    [Fact]
    public async Task What_an_earlier_process_left_is_part_of_the_head_before_a_session_opens()
    {
        await using (SealedVault vault = await TestVault.OpenAsync(Storage, spool: SpoolFiles))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            BreakVault();
            await writer.AppendAsync(Write(1), Cancel);
        }

        // A power cut too: the spool is as durable as the vault.
        Storage.Fault = null;
        SimulatedFileLayer spoolAfter = SpoolFiles.Restart(new Random(1));
        await using SealedVault again = await TestVault.OpenAsync(Storage, spool: spoolAfter);
        await using IReplicaWriter next = await TakeOverAsync(again);
        Assert.Equal((new StreamPosition(1, 1), 2L), (next.Session.Parent, next.Session.NextSequence));
    }

    [Fact]
    public async Task A_writer_fenced_while_it_spools_is_told_and_its_changes_are_in_no_ones_past()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Storage, spool: SpoolFiles);
        await using IReplicaWriter writer = await TakeOverAsync(vault);
        BreakVault();
        await writer.AppendAsync(Write(1), Cancel);

        // Another appliance, whose way to the storage works, takes over and writes other content.
        Func<FileOperation, string, Exception?>? broken = Storage.Fault;
        Storage.Fault = (operation, path) => path.Contains("/00000001/", StringComparison.Ordinal) ? broken!(operation, path) : null;
        await using SealedVault elsewhere = await TestVault.OpenAsync(Storage);
        await using IReplicaWriter other = await TakeOverAsync(elsewhere);
        await other.AppendAsync(BatchMaker.Writes(DiskId, 2, 1, DiskBytes, (0, 512, 99)), Cancel);
        Storage.Fault = null;
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => writer.WaitForVaultAsync(1, Cancel));
        Assert.Equal((AsrErrorCode.WriterFenced, 0), (error.Code, writer.VaultSequence));
        Assert.Equal(AsrErrorCode.RecoveryPointUnavailable, (await Assert.ThrowsAsync<AsrException>(() => elsewhere.OpenAsync(DiskId, new StreamPosition(1, 1), Cancel))).Code);
        await using IBlockDevice image = await elsewhere.OpenAsync(DiskId, new StreamPosition(2, 1), Cancel);
        byte[] content = new byte[512];
        await image.ReadAsync(0, content, Cancel);
        Assert.True(content.All(static value => value == 99));
    }

    private protected static Asr.Engine.Segments.VerifiedBatch Write(long sequence) =>
        BatchMaker.Writes(DiskId, 1, sequence, DiskBytes, (512 * (sequence - 1), 512, (byte)sequence));

    private protected static Task<IReplicaWriter> TakeOverAsync(SealedVault vault) =>
        vault.TakeOverAsync(DiskId, new OpenSessionRequest { Nonce = Guid.NewGuid(), SizeBytes = DiskBytes }, Cancel);

    private protected void BreakVault() =>
        Storage.Fault = static (operation, path) => operation == FileOperation.Create && path.StartsWith("/vault/disks", StringComparison.Ordinal)
            ? new IOException("No space left on device", 28)
            : null;
}

/// <summary>In a folder.</summary>
public sealed class FolderSpoolTests() : SpoolTests(new FolderStorage())
{
    [Fact]
    public async Task Any_flipped_bit_in_the_spool_is_found_before_it_reaches_the_vault()
    {
        await using (SealedVault vault = await TestVault.OpenAsync(Storage, spool: SpoolFiles))
        await using (IReplicaWriter writer = await TakeOverAsync(vault))
        {
            await writer.AppendAsync(Write(1), Cancel);
            BreakVault();
            await writer.AppendAsync(Write(2), Cancel);
        }

        string spooled = Assert.Single(SpoolFiles.Files, static path => path.EndsWith(".seg", StringComparison.Ordinal));
        int bytes = SpoolFiles.ReadAll(spooled, int.MaxValue)!.Length;
        for (int at = 0; at < bytes; at++)
        {
            SpoolFiles.FlipBit(spooled, (at * 8) + (at % 8));
            SimulatedFileLayer vaultFiles = ((FolderStorage)Storage).Layer.Crash(CrashFate.KeepsAll);
            await using (SealedVault again = await TestVault.OpenAsync(vaultFiles, spool: SpoolFiles.Crash(CrashFate.KeepsAll)))
            await using (IReplicaWriter next = await TakeOverAsync(again))
            {
                Assert.Equal((new StreamPosition(1, 1), 2L), (next.Session.Parent, next.Session.NextSequence));
                Assert.Single(vaultFiles.Files, static path => path.EndsWith(".seg", StringComparison.Ordinal));
            }

            SpoolFiles.FlipBit(spooled, (at * 8) + (at % 8));
        }
    }
}

/// <summary>In Azure Storage.</summary>
public sealed class BlobSpoolTests() : SpoolTests(new BlobStorage());
