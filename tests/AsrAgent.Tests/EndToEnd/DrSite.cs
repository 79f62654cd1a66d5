using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Capture;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>
/// Both sites with their real processes: a vault, an appliance on it, and a machine with one disk image that an agent serves at a Unix socket.
/// Processes may be killed and started again; what still runs is ended by its id when disposed.
/// </summary>
internal sealed class DrSite : IAsyncDisposable
{
    public const string Passphrase = "a vault for the tests";
    public const string DiskName = "data";
    private const string PolicyName = "every-second";

    private readonly TemporaryFolder _folder = new();
    private readonly int _controlPort = ApplianceProcess.FindPort();
    private readonly int _dataPort = ApplianceProcess.FindPort();
    private readonly LoopDisk? _machineDisk;
    private readonly IReadOnlyList<string> _agentCommand;
    private readonly string? _scripts;
    private ApplianceProcess? _appliance;
    private AgentProcess? _agent;
    private OperatorClient? _operator;

    private DrSite(LoopDisk? machineDisk, IReadOnlyList<string> agentCommand, string? scripts)
    {
        _scripts = scripts;
        _machineDisk = machineDisk;
        _agentCommand = agentCommand;
        VaultPath = _folder.At("vault");
        WorkPath = _folder.At("work");
    }

    public string VaultPath { get; set; }

    public string WorkPath { get; set; }

    public string StatePath => _folder.At("state");

    public string DiskPath => _machineDisk?.DevicePath ?? _folder.At("data.img");

    public Guid MachineId { get; private set; }

    public ApplianceProcess Appliance => _appliance ?? throw new InvalidOperationException("The appliance does not run.");

    public AgentProcess Agent => _agent ?? throw new InvalidOperationException("The agent does not run.");

    public OperatorClient Operator => _operator ?? throw new InvalidOperationException("No operator is enrolled.");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Everything up, the machine enrolled and its disk offered; nothing is replicated yet.</summary>
    /// <param name="diskBytes">Size of the disk; its first half holds random content, its second half zeros.</param>
    /// <param name="vaultPath">Where the vault is to be; null for the temporary folder.</param>
    /// <param name="machineDisk">A disk that the machine uses directly, instead of one that is served; stays the caller's.</param>
    /// <param name="agentCommand">The command that starts the agent; null for what its project builds.</param>
    /// <param name="scripts">Folder of the scripts that bring applications to rest; null for none.</param>
    public static async Task<DrSite> StartAsync(
        long diskBytes = 16 << 20, string? vaultPath = null, LoopDisk? machineDisk = null, IReadOnlyList<string>? agentCommand = null, string? scripts = null)
    {
        DrSite site = new(machineDisk, agentCommand ?? AgentProcess.BuiltCommand, scripts);
        try
        {
            site.VaultPath = vaultPath ?? site.VaultPath;
            if (machineDisk is null)
            {
                await MakeDiskAsync(site.DiskPath, diskBytes);
            }

            await ApplianceProcess.CreateVaultAsync(site.VaultPath, Passphrase);
            await site.StartApplianceAsync();
            site._operator = await OperatorClient.EnrollAsync(site.Appliance.Self, Passphrase);
            await site.EnrollAgentAsync(site.StatePath, "web01");
            await site.StartAgentAsync();
            site.MachineId = site.Agent.Announcement.GetProperty("machineId").GetGuid();
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same with the disk replicated at one point a second, and in sync.</summary>
    public static async Task<DrSite> StartProtectedAsync(
        long diskBytes = 16 << 20, string? vaultPath = null, LoopDisk? machineDisk = null, IReadOnlyList<string>? agentCommand = null, string? scripts = null)
    {
        DrSite site = await StartAsync(diskBytes, vaultPath, machineDisk, agentCommand, scripts);
        try
        {
            await site.ProtectAsync();
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public string At(string name) => _folder.At(name);

    public async Task StartApplianceAsync() =>
        _appliance = await ApplianceProcess.RunAsync(VaultPath, WorkPath, Passphrase, _controlPort, _dataPort);

    public async Task KillApplianceAsync()
    {
        await Appliance.DisposeAsync();
        _appliance = null;
    }

    public async Task StartAgentAsync() =>
        _agent = await AgentProcess.RunCommandAsync(
            _agentCommand, StatePath, $"{DiskName}={DiskPath}" + (_machineDisk is null ? $"@unix:{_folder.At("data.sock")}" : ""), _scripts is null ? [] : ["--app-consistent-scripts", _scripts]);

    public async Task KillAgentAsync()
    {
        await Agent.DisposeAsync();
        _agent = null;
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task StopAgentAsync()
    {
        Assert.Equal(0, await Agent.StopAsync(Stop));
        await KillAgentAsync();
    }

    /// <summary>Enrolls a machine into a state folder.</summary>
    public async Task EnrollAgentAsync(string state, string name) =>
        await AgentProcess.EnrollAsync(AgentProcess.BuiltCommand, await Operator.CreateTokenAsync(), Appliance.Self.ControlEndpoint, state, name);

    /// <summary>Starts replication and waits until it is in sync with a first point.</summary>
    public async Task ProtectAsync()
    {
        await Eventually.SeeAsync("the disk to be offered", MachineAsync, machine => machine.Disks.Count == 1);
        await Operator.CreatePolicyAsync(new AsrReplicationPolicy { Name = PolicyName, CrashConsistentFrequencySeconds = 1 });
        await RunAsync(new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = PolicyName });
        await PointAfterAsync(DateTimeOffset.MinValue);
    }

    public Task<AsrReplicatedMachine> MachineAsync() => Operator.GetMachineAsync(MachineId);

    public Task<AsrReplicatedMachine> StateAsync(MachineState state) => Eventually.SeeAsync($"state {state}", MachineAsync, machine => machine.State == state);

    public Task<AsrJob> RunAsync(OperationRequest request) => Operator.RunAsync(MachineId, request);

    public Task<AsrJob> RunAsync(MachineOperation operation) => RunAsync(new OperationRequest { Operation = operation });

    /// <summary>Waits for a recovery point later than a time.</summary>
    public async Task<AsrRecoveryPoint> PointAfterAsync(DateTimeOffset time)
    {
        AsrRecoveryPoint? seen = await Eventually.SeeAsync(
            string.Create(CultureInfo.InvariantCulture, $"a recovery point after {time:O}"),
            async () => (await Operator.GetPointsAsync(MachineId)).FirstOrDefault(),
            point => point is not null && point.Time > time);
        return seen!;
    }

    /// <summary>Waits for a recovery point that holds all that has been written until now.</summary>
    public Task<AsrRecoveryPoint> PointAfterNowAsync() => PointAfterAsync(TimeProvider.System.GetUtcNow());

    /// <summary>A client of the workload's disk.</summary>
    public Task<IBlockDevice> OpenDiskAsync() => OpenAsync(Agent.ExportUri(DiskName));

    /// <summary>A client of a copy's disk.</summary>
    public static Task<IBlockDevice> OpenAsync(FailoverDisk disk) => OpenAsync(disk.ExportUri);

    /// <summary>A client of an export.</summary>
    public static async Task<IBlockDevice> OpenAsync(string exportUri) => await NbdClient.ConnectAsync(NbdUri.Parse(exportUri), Stop);

    /// <summary>Proves by a drill that a point, or the newest, holds the source disk as it is now. The disk must be at rest.</summary>
    public async Task RequireDrillEqualsSourceAsync(Guid? pointId = null)
    {
        await RunAsync(new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = pointId });
        AsrReplicatedMachine machine = await MachineAsync();
        await using (IBlockDevice copy = await OpenAsync(machine.TestFailover!.Disks[0]))
        {
            Assert.Equal(await HashSourceAsync(), await HashAsync(copy));
        }

        await RunAsync(MachineOperation.CleanUpTestFailover);
    }

    /// <summary>Copies the disk as a drill of a point serves it into a file.</summary>
    public Task CopyDrillAsync(Guid pointId, string path) => CopyDrillAsync(Operator, MachineId, pointId, path);

    /// <summary>The same of any machine that has one disk.</summary>
    public static async Task CopyDrillAsync(OperatorClient client, Guid machineId, Guid pointId, string path)
    {
        await client.RunAsync(machineId, new OperationRequest { Operation = MachineOperation.TestFailover, RecoveryPointId = pointId });
        AsrReplicatedMachine machine = await client.GetMachineAsync(machineId);
        await using (IBlockDevice copy = await OpenAsync(machine.TestFailover!.Disks[0]))
        await using (FileStream file = File.Create(path))
        {
            byte[] buffer = new byte[1 << 20];
            for (long at = 0; at < copy.Length; at += buffer.Length)
            {
                Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, copy.Length - at));
                await copy.ReadAsync(at, part, Stop);
                await file.WriteAsync(part, Stop);
            }
        }

        await client.RunAsync(machineId, new OperationRequest { Operation = MachineOperation.CleanUpTestFailover });
    }

    /// <summary>SHA-256 of the source disk.</summary>
    public async Task<string> HashSourceAsync()
    {
        if (_machineDisk is null)
        {
            return await HashFileAsync(DiskPath);
        }

        // Past the page cache, which may hold what the device had before.
        await using DirectDisk disk = DirectDisk.Open(DiskPath);
        return await HashAsync(disk);
    }

    public static async Task<string> HashFileAsync(string path)
    {
        // Not a FileStream: its lock is refused while the agent has its disk open.
        await using FileBlockDevice file = FileBlockDevice.Open(path, isReadOnly: true);
        return await HashAsync(file);
    }

    public static async Task<string> HashAsync(IBlockDevice device)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        for (long offset = 0; offset < device.Length; offset += buffer.Length)
        {
            Memory<byte> part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, device.Length - offset));
            await device.ReadAsync(offset, part, Stop);
            hash.AppendData(part.Span);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Writes random content through a client and flushes it.</summary>
    public static async Task WriteAsync(IBlockDevice disk, long offset, int bytes)
    {
        await disk.WriteAsync(offset, RandomNumberGenerator.GetBytes(bytes), Stop);
        await disk.FlushAsync(Stop);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.DisposeAsync();
        }

        if (_appliance is not null)
        {
            await _appliance.DisposeAsync();
        }

        if (_machineDisk is not null && MachineId != Guid.Empty)
        {
            _machineDisk.RemoveTracking(StatePath, DiskName);
        }

        _operator?.Dispose();
        _folder.Dispose();
    }

    private static async Task MakeDiskAsync(string path, long bytes)
    {
        await using FileStream file = File.Create(path);
        for (long written = 0; written < bytes / 2; written += 1 << 20)
        {
            await file.WriteAsync(RandomNumberGenerator.GetBytes((int)Math.Min(1 << 20, (bytes / 2) - written)), Stop);
        }

        file.SetLength(bytes);
    }
}
