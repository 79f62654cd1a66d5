using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Ingest;
using Asr.Engine.Points;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Local;
using Asr.Oracle.Tests.Bugs;
using Asr.Oracle.Tests.Checking;
using Asr.Tests.Shared;

namespace Asr.Oracle.Tests.Harness;

/// <summary>
/// A whole system in one process: a workload on the disks of one machine, an agent, a network and a process server over a real vault on a simulated
/// file system. Its parts are killed, cut off, robbed of power and restarted; disks, activity logs and what the vault made durable live on. Afterwards every recovery point,
/// and a share of the instants between them, is held against the history.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private const string VaultPath = "/vault";
    private const string Passphrase = "correct horse battery staple";

    // One of so many instants is judged; each costs as much as a point.
    private const int InstantsPerJudged = 4;

    // Far beyond what a healthy run needs on a busy machine; reaching it is a hang, and reported as such.
    private static readonly TimeSpan PatienceForCalm = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("asr-oracle-").FullName;
    private readonly List<WriteHistory> _histories = [];
    private readonly List<MemoryBlockDevice> _disks = [];
    private readonly List<MachineInstant> _instants = [];
    private readonly CancellationTokenSource _listening = new();
    private readonly Workload _workload;
    private Task _listener = Task.CompletedTask;
    private SimulatedFileLayer _files = new();
    private IVault? _vault;
    private VaultReplication? _replication;
    private CancellationTokenSource _maintenance = new();
    private Task _compacting = Task.CompletedTask;
    private AgentAssignment _assignment = new() { CrashConsistentFrequencySeconds = 1 };
    private Guid _bootId = Guid.NewGuid();

    public World(RunPlan plan, PlantedBug? bug)
    {
        Plan = plan;
        Bug = bug ?? new NoBug();
        for (int i = 0; i < plan.DiskBytes.Length; i++)
        {
            DiskIds.Add(Guid.NewGuid());
            _disks.Add(new MemoryBlockDevice(plan.DiskBytes[i]));
            _histories.Add(new WriteHistory((uint)i + 1, (ulong)plan.Seed, plan.DiskBytes[i]));
        }

        Network = new UnreliableNetwork(plan.Seed, plan.FaultRate);
        _workload = new Workload(plan.Seed, Clock, _histories);
    }

    public RunPlan Plan { get; }

    public PlantedBug Bug { get; }

    public RunClock Clock { get; } = new();

    public Guid MachineId { get; } = Guid.NewGuid();

    public List<Guid> DiskIds { get; } = [];

    public IReadOnlyList<IBlockDevice> Disks => _disks;

    public UnreliableNetwork Network { get; }

    public SimulatedAgent? Agent { get; private set; }

    public string ActivityLogPath(int disk) => Path.Combine(_folder, $"disk{disk}.activity");

    /// <summary>Makes the vault, starts everything and the workload.</summary>
    public async Task<Task> StartAsync(CancellationToken workload)
    {
        await using (await LocalVault.CreateAsync(VaultPath, Passphrase, Options))
        {
        }

        await StartApplianceAsync();
        await StartAgentAsync();
        await AssignAsync(a => a with { Mode = AgentMode.Replicate, DiskIds = DiskIds });
        _listener = Task.Run(ListenAsync, CancellationToken.None);
        return _workload.RunAsync(Plan.Writers, workload);
    }

    public async Task StartApplianceAsync()
    {
        _vault = Bug.Vault(await LocalVault.OpenAsync(VaultPath, Passphrase, Options));
        _replication = new VaultReplication(_vault, new RecoveryPointLog(_vault.Catalog), Clock);
        Network.Connect(_replication);
    }

    /// <summary>The appliance is gone in the middle of whatever it did.</summary>
    public async Task KillApplianceAsync()
    {
        Network.Connect(null);
        await _maintenance.CancelAsync();
        await _compacting;
        _maintenance = new CancellationTokenSource();
        VaultReplication? dead = Interlocked.Exchange(ref _replication, null);
        if (dead is not null)
        {
            await dead.DisposeAsync();
            await _vault!.DisposeAsync();
        }
    }

    /// <summary>Removes some of the points, and begins to reclaim what they alone needed, beside everything else.</summary>
    public void StartCompaction(Random random)
    {
        int seed = random.Next();
        IVault vault = _vault!;
        CancellationToken cancellationToken = _maintenance.Token;
        _compacting = Task.WhenAll(_compacting, Task.Run(() => CompactAsync(vault, new Random(seed), cancellationToken), CancellationToken.None));
    }

    /// <summary>The appliance's machine loses power: what it had not synced is lost, torn or kept, as chance has it.</summary>
    public async Task CutPowerAsync(Random random)
    {
        _files = _files.Restart(random);
        await KillApplianceAsync();
    }

    public Task StartAgentAsync()
    {
        Agent = new SimulatedAgent(this, _bootId);
        _workload.Attach(Agent.Disks);
        return Agent.ApplyAsync(_assignment);
    }

    public async Task KillAgentAsync()
    {
        _workload.Attach(null);
        await Agent!.KillAsync();
    }

    public async Task EndAgentAsync()
    {
        _workload.Attach(null);
        await Agent!.EndAsync();
    }

    /// <summary>The machine restarts without an orderly end: the next agent must not take the activity log's word.</summary>
    public async Task RebootAsync()
    {
        await KillAgentAsync();
        _bootId = Guid.NewGuid();
        await StartAgentAsync();
    }

    public Task AssignAsync(Func<AgentAssignment, AgentAssignment> change)
    {
        _assignment = change(_assignment) with { Revision = _assignment.Revision + 1 };
        return Agent!.ApplyAsync(_assignment);
    }

    /// <summary>Ends the workload's writes and faults, lets the agent bring everything home, and makes the final point.</summary>
    public async Task<Guid> ComeToRestAsync(CancellationTokenSource workload, Task writers)
    {
        Network.Faulty = false;
        await AssignAsync(a => a with { Mode = AgentMode.Replicate });
        await WaitForAsync(() => Agent!.Report.InSync, "in sync");
        await workload.CancelAsync();
        await writers;
        Guid final = Guid.NewGuid();
        await AssignAsync(a => a with { Mode = AgentMode.Quiesce, FinalPointId = final });
        await WaitForAsync(() => Agent!.Report is { Mode: AgentMode.Quiesce } report && report.AssignmentRevision == _assignment.Revision, "quiesced");
        return final;
    }

    /// <summary>Every published point against the history, and the final one against the disks byte for byte.</summary>
    public async Task<Verdict> JudgeAsync(Guid? finalPoint)
    {
        Verdict verdict = new(Plan);
        await _listening.CancelAsync();
        await _listener;
        try
        {
            await KillApplianceAsync();
            await StartApplianceAsync();
            await JudgePointsAsync(finalPoint, verdict);
            await JudgeInstantsAsync(verdict);
        }
        catch (AsrException error)
        {
            verdict.Violate($"the vault cannot be read: {error.Code}: {error.Message}");
        }

        foreach (string violation in NonceAudit.Check(_files))
        {
            verdict.Violate(violation);
        }

        return verdict;
    }

    public async ValueTask DisposeAsync()
    {
        await _listening.CancelAsync();
        await _listener;
        _workload.Attach(null);
        if (Agent is not null)
        {
            await Agent.KillAsync();
        }

        await KillApplianceAsync();
        _listening.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private LocalVaultOptions Options => new() { Files = Bug.Files(_files), Time = Clock, IndexRunSegments = 8 };

    private async Task CompactAsync(IVault vault, Random random, CancellationToken cancellationToken)
    {
        CompactionOptions options = new() { DeadShareMin = 0, PackBytes = 256 << 10, SmallBytes = 64 << 10, SmallObjectsMin = 4, BytesPerSecondMax = long.MaxValue / 4 };
        try
        {
            List<AsrRecoveryPoint> kept = [];
            string collection = $"points-{MachineId:D}";
            await foreach (CatalogDocument document in vault.Catalog.ListAsync(collection, cancellationToken))
            {
                AsrRecoveryPoint point = CatalogJson.Read<AsrRecoveryPoint>(collection, document);
                kept.Add(point);
                if (kept.Count > 1 && random.Next(2) == 0)
                {
                    // Never the newest: the one before the one just read.
                    AsrRecoveryPoint removed = kept[^2];
                    CatalogDocument stored = (await vault.Catalog.ReadAsync(collection, $"{removed.Time.UtcTicks:x16}-{removed.Id:D}", cancellationToken))!;
                    await vault.Catalog.DeleteAsync(collection, stored.Id, stored.ETag, cancellationToken);
                    kept.RemoveAt(kept.Count - 2);
                }
            }

            foreach (Guid diskId in DiskIds.Where(_ => kept.Count > 0))
            {
                StreamPosition[] positions = [.. kept.Select(point => point.Disks.Single(disk => disk.DiskId == diskId)).Select(static disk => new StreamPosition(disk.Epoch, disk.Sequence))];
                await vault.CompactAsync(diskId, new KeptHistory { Points = positions, ContinuousFrom = positions[^1] }, options, cancellationToken);
            }
        }
        catch (Exception end) when (end is AsrException or OperationCanceledException)
        {
            // The appliance was killed or lost power.
        }
    }

    private async Task JudgePointsAsync(Guid? finalPoint, Verdict verdict)
    {
        IReadOnlyList<AsrRecoveryPoint> points = await new RecoveryPointLog(_vault!.Catalog).ListAsync(MachineId, int.MaxValue, CancellationToken.None);
        foreach (AsrRecoveryPoint point in points)
        {
            verdict.Points++;
            await JudgeAsync(point, point.Id == finalPoint, verdict);
        }

        if (finalPoint is not null && points.All(point => point.Id != finalPoint))
        {
            verdict.Violate("the final point was not published");
        }
    }

    // Hears the agent's reports as an appliance does, whatever becomes of the appliance in the run.
    private async Task ListenAsync()
    {
        while (!_listening.IsCancellationRequested)
        {
            _instants.AddRange(Bug.Instants(Agent!.TakeInstants()));
            await Task.Delay(5, CancellationToken.None);
        }
    }

    // Through the product's own log and look-up: what they give for a time must be as right as a point.
    private async Task JudgeInstantsAsync(Verdict verdict)
    {
        InstantLog log = new(_vault!.Catalog, Clock);
        foreach (MachineInstant[] told in _instants.Chunk(ReplicationLimits.InstantsPerReportMax))
        {
            log.Note(MachineId, told);
        }

        PointInTimeFinder finder = new(_vault, log, new RecoveryPointLog(_vault.Catalog), Clock);
        AsrReplicatedMachine machine = new() { Id = MachineId, Name = "oracle" };
        for (int i = Plan.Seed % InstantsPerJudged; i < _instants.Count; i += InstantsPerJudged)
        {
            try
            {
                AsrRecoveryPoint found = await finder.FindAsync(machine, _instants[i].Time, TimeSpan.FromDays(1), CancellationToken.None);
                if (found.Reason == RecoveryPointReason.PointInTime)
                {
                    verdict.Instants++;
                    await JudgeAsync(found, isFinal: false, verdict);
                }
            }
            catch (AsrException error) when (error.Code == AsrErrorCode.PointInTimeUnavailable)
            {
                // What a power cut or a fence took from the vault is refused, and nothing older is there.
            }
        }
    }

    private async Task JudgeAsync(AsrRecoveryPoint point, bool isFinal, Verdict verdict)
    {
        ConsistencyChecker checker = new();
        foreach (RecoveryPointDisk position in point.Disks)
        {
            int disk = DiskIds.IndexOf(position.DiskId);
            byte[] image;
            try
            {
                await using IBlockDevice opened = await _vault!.OpenAsync(position.DiskId, new StreamPosition(position.Epoch, position.Sequence), CancellationToken.None);
                image = new byte[opened.Length];
                await opened.ReadAsync(0, image, CancellationToken.None);
            }
            catch (AsrException error)
            {
                verdict.Violate($"point {point.Id} cannot be read: {error.Code}: {error.Message}");
                return;
            }

            checker.AddDisk(_histories[disk], image);
            if (isFinal)
            {
                byte[] source = new byte[image.Length];
                await _disks[disk].ReadAsync(0, source, CancellationToken.None);
                int difference = image.AsSpan().CommonPrefixLength(source);
                if (difference < image.Length)
                {
                    verdict.Violate($"the final point differs from disk {disk} from byte {difference} on");
                }
            }
        }

        checker.CheckClaim(point.Time.UtcTicks, toleranceTicks: 0);
        foreach (string violation in checker.Violations)
        {
            verdict.Violate($"point {point.Id} of {point.Time:O}: {violation}");
        }
    }

    private async Task WaitForAsync(Func<bool> condition, string what)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed > PatienceForCalm)
            {
                throw new TimeoutException($"{Plan}: not {what} after {PatienceForCalm}; the agent reports {Agent!.Report}, error {Agent.Report.Error}.");
            }

            await Task.Delay(2);
        }
    }

    private sealed class NoBug : PlantedBug;
}
