using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;
using Asr.Contracts;

namespace Asr.Bench.Site;

/// <summary>
/// A fresh vault, an appliance on it and an agent with one disk, all as real processes: an image that it serves, or a device that it tracks. Its folder goes when it is
/// disposed, and the tracking, which would outlive the agent.
/// </summary>
internal sealed class BenchSite : IAsyncDisposable
{
    private const string Passphrase = "a vault for the benchmarks";
    private const string DevicePrefix = "/dev/";
    private const string PolicyName = "bench";

    private readonly string _folder;
    private readonly string _binaries;
    private readonly SitePlacement _placement;
    private readonly string _vaultFolder;
    private ServerProcess? _appliance;
    private ServerProcess? _agent;
    private OperatorClient? _operator;
    private Guid? _trackedDiskId;

    private BenchSite(string folder, string binaries, SitePlacement placement)
    {
        _folder = folder;
        _binaries = binaries;
        _placement = placement;
        _vaultFolder = placement.VaultRoot is { } root ? Directory.CreateDirectory(Path.Join(root, $"asr-bench-{Environment.ProcessId}")).FullName : folder;
    }

    /// <summary>The vault's folder.</summary>
    public string VaultPath => Path.Join(_vaultFolder, "vault");

    /// <summary>The machine.</summary>
    public Guid MachineId { get; private set; }

    /// <summary>NBD URI of the replicated disk; empty for a device.</summary>
    public string ExportUri { get; private set; } = "";

    /// <summary>The file that the agent's status is in, written every second.</summary>
    public string StatusPath => Path.Join(StatePath, "status.json");

    /// <summary>The operator.</summary>
    public OperatorClient Operator => _operator ?? throw new InvalidOperationException("No operator is enrolled.");

    /// <summary>Processor seconds that agent and appliance have used.</summary>
    public double ProcessorSeconds => AgentProcessorSeconds + ApplianceProcessorSeconds;

    /// <summary>Processor seconds that the agent has used.</summary>
    public double AgentProcessorSeconds => _agent!.ProcessorTime.TotalSeconds;

    /// <summary>Processor seconds that the appliance has used.</summary>
    public double ApplianceProcessorSeconds => _appliance!.ProcessorTime.TotalSeconds;

    /// <summary>The most memory that the agent has had so far, in bytes.</summary>
    public long AgentMemoryBytesMax => _agent!.MemoryBytesMax;

    /// <summary>Everything up and the disk offered; nothing is replicated yet.</summary>
    public static async Task<BenchSite> StartAsync(BenchOptions options, string folder, string diskPath, CancellationToken cancellationToken, SitePlacement? placement = null)
    {
        BenchSite site = new(Directory.CreateDirectory(folder).FullName, options.BinariesPath, placement ?? SitePlacement.Beside);
        try
        {
            await site.StartAsync(diskPath, cancellationToken);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts replication and gives the seconds until the first recovery point is published.</summary>
    public async Task<double> ReplicateAsync(CancellationToken cancellationToken, int pointSeconds = 1)
    {
        AsrReplicationPolicy policy = new() { Name = PolicyName, CrashConsistentFrequencySeconds = pointSeconds };
        await Operator.SendAsync<AsrReplicationPolicy>(HttpMethod.Put, AsrRoutes.Policy.Replace("{name}", PolicyName, StringComparison.Ordinal), policy, cancellationToken);
        long start = Stopwatch.GetTimestamp();
        await Operator.RunAsync(MachineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = PolicyName }, cancellationToken);
        await OperatorClient.WaitAsync(() => Operator.GetPointsAsync(MachineId, cancellationToken), points => points.Count > 0, cancellationToken);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Waits for a recovery point later than now.</summary>
    public async Task<AsrRecoveryPoint> PointAfterNowAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return (await OperatorClient.WaitAsync(
            () => Operator.GetPointsAsync(MachineId, cancellationToken), points => points.Any(point => point.Time > now), cancellationToken)).First();
    }

    /// <summary>The disk's figures once the agent's next reports, one a second, have told them.</summary>
    public async Task<AsrDisk> GetDiskAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        return (await Operator.GetMachineAsync(MachineId, cancellationToken)).Disks[0];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _operator?.Dispose();
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        if (_appliance is not null)
        {
            await _appliance.DisposeAsync();
        }

        if (_trackedDiskId is { } id)
        {
            await Shell.RunAsync($"rm -rf /sys/fs/bpf/asr-agent/{id:N} /run/asr-agent/activity-{id}.log", CancellationToken.None);
        }

        Directory.Delete(_folder, recursive: true);
        if (_vaultFolder != _folder)
        {
            Directory.Delete(_vaultFolder, recursive: true);
        }
    }

    private string StatePath => Path.Join(_folder, "state");

    private async Task StartAsync(string diskPath, CancellationToken cancellationToken)
    {
        await Shell.RunAsync($"echo '{Passphrase}' | {Program("asr-appliance")} vault create --path {VaultPath}", cancellationToken);
        _appliance = Start(
            _placement.Appliance, "asr-appliance", ["run", "--vault", VaultPath, "--work", Path.Join(_vaultFolder, "work"), "--control-port", "0", "--data-port", "0"], Passphrase);
        AsrAppliance self = JsonSerializer.Deserialize<AsrAppliance>(await _appliance.ReadLineAsync(cancellationToken), AsrJson.Options)!;
        _operator = await OperatorClient.EnrollAsync(self, Passphrase, cancellationToken);
        AsrEnrollmentToken token = await Operator.SendAsync<AsrEnrollmentToken>(HttpMethod.Post, AsrRoutes.Tokens, null, cancellationToken);
        await Shell.RunAsync($"echo '{token.Token}' | {Program("asr-agent")} enroll --appliance {self.ControlEndpoint} --state {StatePath} --name bench", cancellationToken);
        bool isTracked = diskPath.StartsWith(DevicePrefix, StringComparison.Ordinal);
        _agent = Start(_placement.Agent, "asr-agent", ["run", "--state", StatePath, "--disk", $"data={diskPath}" + (isTracked ? "" : $"@unix:{Path.Join(_folder, "disk.sock")}")]);
        using JsonDocument served = JsonDocument.Parse(await _agent.ReadLineAsync(cancellationToken));
        MachineId = served.RootElement.GetProperty("machineId").GetGuid();
        JsonElement disk = served.RootElement.GetProperty("disks")[0];
        ExportUri = isTracked ? "" : disk.GetProperty("exportUri").GetString()!;
        _trackedDiskId = isTracked ? disk.GetProperty("id").GetGuid() : null;
        await OperatorClient.WaitAsync(() => Operator.GetMachineAsync(MachineId, cancellationToken), machine => machine.Disks.Count == 1, cancellationToken);
    }

    private ServerProcess Start(string placement, string program, string[] arguments, string? input = null)
    {
        string[] command = [.. placement.Split(' ', StringSplitOptions.RemoveEmptyEntries), Program(program), .. arguments];
        return ServerProcess.Start(command[0], command[1..], input);
    }

    private string Program(string name) => Path.Join(_binaries, name);
}
