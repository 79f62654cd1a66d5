using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Hashing;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Tests.PowerFail;
using Asr.Engine.Tests.Vault;
using Asr.Engine.Tests.Workloads;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Faults;

/// <summary>What reading everything in a damaged vault showed.</summary>
internal enum DamageOutcome
{
    /// <summary>Everything reads as before.</summary>
    Harmless,

    /// <summary>An error that leads to the damaged file.</summary>
    Named,

    /// <summary>An error that does not.</summary>
    Told,
}

/// <summary>
/// A vault with every kind of file in it, made as the product makes it; files are damaged where they lie, everything is read, and the damage is undone.
/// Reading wrong data, or failing in any other way than with the product's own error, is an exception.
/// </summary>
internal sealed class DamagedVault
{
    private const string Passphrase = "correct horse battery staple";

    private static readonly AsrErrorCode[] Allowed =
    [
        AsrErrorCode.SegmentCorrupt, AsrErrorCode.SegmentMissing, AsrErrorCode.VaultDocumentCorrupt, AsrErrorCode.RecoveryPointUnavailable,
    ];

    private readonly ScriptOptions _options;
    private readonly Ledger _ledger;
    private readonly FileStep[] _steps;
    private readonly List<(Guid DiskId, StreamPosition Position, UInt128 Content)> _expected = [];
    private readonly List<(Guid DiskId, StreamPosition Position, UInt128 Content)> _dropped = [];

    private DamagedVault(SimulatedFileLayer files, ScriptOptions options, Ledger ledger, FileStep[] steps)
    {
        Files = files;
        _options = options;
        _ledger = ledger;
        _steps = steps;
        foreach ((Guid diskId, DiskLedger disk) in ledger.Disks)
        {
            foreach (EpochLedger epoch in disk.Epochs.Reverse())
            {
                for (long sequence = epoch.LastSent; sequence > epoch.Parent.Sequence; sequence--)
                {
                    StreamPosition position = new(epoch.Number, sequence);
                    _expected.Add((diskId, position, XxHash128.HashToUInt128(disk.ContentAt(position))));
                }
            }
        }
    }

    public SimulatedFileLayer Files { get; }

    /// <summary>Every file of the vault, lock files aside.</summary>
    public IReadOnlyList<string> Paths => [.. Files.Files.Where(static path => !path.EndsWith(".lock", StringComparison.Ordinal))];

    /// <summary>Makes the vault and runs a workload on it.</summary>
    public static async Task<DamagedVault> MakeAsync(string workload)
    {
        SimulatedFileLayer files = new();
        FileRecorder recorder = new(files);
        await (await LocalVault.CreateAsync("/vault", Passphrase, new LocalVaultOptions { Files = recorder })).DisposeAsync();
        Workload work = WorkloadCatalog.Find(workload);
        CatalogDocument document = (await new LocalCatalog(files, "/vault/catalog").ReadAsync(VaultDocument.Collection, VaultDocument.DocumentId, CancellationToken.None))!;
        ScriptOptions options = work.Options with { MasterKey = MasterKey.Unwrap(CatalogJson.Read<VaultDocument>(VaultDocument.Collection, document), Passphrase) };
        LedgerLog log = new(static () => 0);
        await using (VaultScript script = new(recorder, log, options))
        {
            await work.RunAsync(new WorkloadContext(script, new StorageFaults(files), new Random(7)));
        }

        DamagedVault vault = new(files, options, log.Current, recorder.Steps);
        await vault.DropRefusedAsync();
        return vault;
    }

    /// <summary>The contents that a file has had before the one it has now, oldest first.</summary>
    public IReadOnlyList<byte[]> EarlierVersions(string path)
    {
        List<byte[]> versions = [];
        Dictionary<string, byte[]> current = [];
        foreach (FileStep step in _steps)
        {
            if (step.Operation == FileOperation.Create)
            {
                current[step.Path] = step.Content!;
            }
            else if (step.Operation is FileOperation.Replace or FileOperation.TryRename && current.Remove(step.Source!, out byte[]? content) && step.Path == path)
            {
                versions.Add(content);
            }
        }

        return versions.Count == 0 ? versions : versions[..^1];
    }

    /// <summary>Puts other bytes in place of a file's, reads everything, and puts the file back.</summary>
    public async Task<DamageOutcome> TryAsync(string path, byte[] damaged)
    {
        byte[] before = Files.ReadAll(path, int.MaxValue)!;
        Files.Overwrite(path, damaged);
        try
        {
            return await ReadEverythingAsync(path);
        }
        finally
        {
            Files.Overwrite(path, before);
        }
    }

    /// <summary>Reads every document and every position; nothing may be wrong, and errors may only be the product's own.</summary>
    public async Task<DamageOutcome> ReadEverythingAsync(string damaged)
    {
        try
        {
            await using SealedVault vault = await TestVault.OpenAsync(Files, _options with { HasSpool = false });
            await ReadDocumentsAsync(vault);
            DamageOutcome outcome = DamageOutcome.Harmless;
            foreach ((Guid diskId, StreamPosition position, UInt128 expected) in _expected)
            {
                UInt128 actual = await ReadAsync(vault, diskId, position);
                if (actual != expected)
                {
                    throw new InvalidDataException($"With '{damaged}' damaged, position {position} of disk {diskId} reads wrong.");
                }
            }

            return outcome;
        }
        catch (AsrException error) when (Allowed.Contains(error.Code))
        {
            return Names(error, damaged) ? DamageOutcome.Named : DamageOutcome.Told;
        }
    }

    /// <summary>
    /// As <see cref="ReadEverythingAsync"/>, but goes on behind an error, and asks for what compaction has dropped too: returns how many positions
    /// read right, and how many of those that read right without damage were refused.
    /// </summary>
    public async Task<(int Right, int Refused)> ReadPositionsAsync()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Files, _options with { HasSpool = false });
        (int right, int refused) = await ReadPositionsAsync(vault, _expected);
        await ReadPositionsAsync(vault, _dropped);
        return (right, refused);
    }

    private static async Task<(int Right, int Refused)> ReadPositionsAsync(SealedVault vault, List<(Guid DiskId, StreamPosition Position, UInt128 Content)> positions)
    {
        int right = 0;
        int refused = 0;
        foreach ((Guid diskId, StreamPosition position, UInt128 expected) in positions)
        {
            try
            {
                right += await ReadAsync(vault, diskId, position) == expected
                    ? 1
                    : throw new InvalidDataException($"Position {position} of disk {diskId} reads wrong.");
            }
            catch (AsrException error) when (Allowed.Contains(error.Code))
            {
                refused++;
            }
        }

        return (right, refused);
    }

    /// <summary>Positions that compaction has dropped are refused without any damage.</summary>
    private async Task DropRefusedAsync()
    {
        await using SealedVault vault = await TestVault.OpenAsync(Files, _options with { HasSpool = false });
        for (int i = _expected.Count - 1; i >= 0; i--)
        {
            try
            {
                if (await ReadAsync(vault, _expected[i].DiskId, _expected[i].Position) != _expected[i].Content)
                {
                    throw new InvalidDataException($"Position {_expected[i].Position} reads wrong without any damage.");
                }
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.RecoveryPointUnavailable)
            {
                _dropped.Add(_expected[i]);
                _expected.RemoveAt(i);
            }
        }
    }

    private static bool Names(AsrException error, string path)
    {
        string stem = Path.GetFileNameWithoutExtension(path);
        string folder = Path.GetFileName(Path.GetDirectoryName(path))!;
        return error.Target is not null && error.Target.Contains($"{folder}/{stem}", StringComparison.Ordinal);
    }

    private async Task ReadDocumentsAsync(SealedVault vault)
    {
        foreach (string collection in Files.ListDirectories("/vault/catalog").Order(StringComparer.Ordinal))
        {
            await foreach (CatalogDocument document in vault.Catalog.ListAsync(collection, CancellationToken.None))
            {
                _ = document.Content;
            }
        }
    }

    private static async Task<UInt128> ReadAsync(SealedVault vault, Guid diskId, StreamPosition position)
    {
        await using IBlockDevice image = await vault.OpenAsync(diskId, position, CancellationToken.None);
        byte[] content = new byte[image.Length];
        await image.ReadAsync(0, content, CancellationToken.None);
        return XxHash128.HashToUInt128(content);
    }
}
