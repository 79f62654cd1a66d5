using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Capture;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>
/// A consistency group of two machines, each with its agent in a network namespace of its own: "files" uses a disk with a mounted file system directly, "blocks" uses one that is served. The way of the
/// second to the control port is long, so that a freeze of the first lasts. Needs root.
/// </summary>
internal sealed class GroupSite : IAsyncDisposable
{
    public const string Group = "shop";
    private const string PolicyName = "every-second";
    private const string Disk = "data";

    private readonly TemporaryFolder _folder = new();
    private readonly List<IAsyncDisposable> _parts = [];
    private LoopDisk? _files;
    private ApplianceProcess? _appliance;
    private OperatorClient? _operator;

    public OperatorClient Operator => _operator!;

    public AgentProcess FilesAgent { get; private set; } = null!;

    public AgentProcess BlocksAgent { get; private set; } = null!;

    public MachineNetwork FilesNetwork { get; private set; } = null!;

    public MachineNetwork BlocksNetwork { get; private set; } = null!;

    public Guid FilesId { get; private set; }

    public Guid BlocksId { get; private set; }

    public string MountPoint => _files!.MountPoint;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Both machines protected in one group.</summary>
    /// <param name="delay">How much later the messages of the second machine arrive, in either direction.</param>
    public static async Task<GroupSite> StartAsync(TimeSpan delay)
    {
        GroupSite site = new();
        try
        {
            await site.BeginAsync(delay);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    public string At(string name) => _folder.At(name);

    public Task<IBlockDevice> OpenBlocksAsync() => DrSite.OpenAsync(BlocksAgent.ExportUri(Disk));

    /// <summary>Shared points later than a time that both machines have, oldest first: of "files", then of "blocks".</summary>
    public async Task<List<(AsrRecoveryPoint Files, AsrRecoveryPoint Blocks)>> SharedAfterAsync(DateTimeOffset time)
    {
        Dictionary<Guid, AsrRecoveryPoint> files = (await Operator.GetPointsAsync(FilesId)).Where(point => point.MultiMachine is not null).ToDictionary(point => point.MultiMachine!.Id);
        Dictionary<Guid, AsrRecoveryPoint> blocks = (await Operator.GetPointsAsync(BlocksId)).Where(point => point.MultiMachine is not null).ToDictionary(point => point.MultiMachine!.Id);
        return [.. files.Keys.Where(blocks.ContainsKey).Select(id => (files[id], blocks[id])).Where(pair => pair.Item1.Time > time).OrderBy(pair => pair.Item1.Time)];
    }

    /// <summary>Waits for so many shared points later than now.</summary>
    public Task<List<(AsrRecoveryPoint Files, AsrRecoveryPoint Blocks)>> NextSharedAsync(int count)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return Eventually.SeeAsync($"{count} shared points", () => SharedAfterAsync(now), shared => shared.Count >= count);
    }

    /// <summary>The content of a machine's disk at a point, as a file.</summary>
    public async Task<string> CopyAsync(AsrRecoveryPoint point)
    {
        string path = _folder.At($"{point.Id:N}.img");
        await DrSite.CopyDrillAsync(Operator, point.MachineId, point.Id, path);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in _parts.AsEnumerable().Reverse())
        {
            await part.DisposeAsync();
        }

        if (_files is not null && FilesId != Guid.Empty)
        {
            _files.RemoveTracking(_folder.At("files"), Disk);
        }

        if (_files is not null)
        {
            await _files.DisposeAsync();
        }

        _operator?.Dispose();
        _folder.Dispose();
    }

    private async Task BeginAsync(TimeSpan delay)
    {
        _files = await LoopDisk.CreateAsync(48 << 20);
        RealTools.Require("mkfs.ext4");
        await _files.FormatAsync("ext4");
        await _files.MountAsync();
        await using (FileStream file = File.Create(_folder.At("blocks.img")))
        {
            file.SetLength(8 << 20);
        }

        FilesNetwork = Keep(await MachineNetwork.CreateAsync(1));
        BlocksNetwork = Keep(await MachineNetwork.CreateAsync(2));
        await ApplianceProcess.CreateVaultAsync(_folder.At("vault"), DrSite.Passphrase);
        _appliance = Keep(await ApplianceProcess.RunAsync(
            _folder.At("vault"), _folder.At("work"), DrSite.Passphrase, ApplianceProcess.FindPort(), ApplianceProcess.FindPort(), FilesNetwork.HostAddress));
        Uri control = new(_appliance.Self.ControlEndpoint);
        SlowRelay relay = Keep(new SlowRelay(FilesNetwork.HostAddress, new IPEndPoint(FilesNetwork.HostAddress, control.Port), delay));
        _operator = await OperatorClient.EnrollAsync(_appliance.Self, DrSite.Passphrase);

        (FilesAgent, FilesId) = await StartAgentAsync("files", FilesNetwork, control.Port, $"{Disk}={_files.DevicePath}");
        (BlocksAgent, BlocksId) = await StartAgentAsync("blocks", BlocksNetwork, relay.Port, $"{Disk}={_folder.At("blocks.img")}@unix:{_folder.At("blocks.sock")}");
        await _operator.CreatePolicyAsync(new AsrReplicationPolicy { Name = PolicyName, CrashConsistentFrequencySeconds = 1 });
        foreach (Guid machine in new[] { FilesId, BlocksId })
        {
            await Eventually.SeeAsync("the disk to be offered", () => _operator.GetMachineAsync(machine), seen => seen.Disks.Count == 1);
            await _operator.RunAsync(machine, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = PolicyName, ConsistencyGroup = Group });
        }
    }

    private async Task<(AgentProcess Agent, Guid Id)> StartAgentAsync(string name, MachineNetwork network, int controlPort, string disk)
    {
        string[] command = [.. network.Entry, .. AgentProcess.BuiltCommand];
        await AgentProcess.EnrollAsync(command, await Operator.CreateTokenAsync(), $"https://{FilesNetwork.HostAddress}:{controlPort}", _folder.At(name), name);
        AgentProcess agent = Keep(await AgentProcess.RunCommandAsync(command, _folder.At(name), disk));
        return (agent, agent.Announcement.GetProperty("machineId").GetGuid());
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }
}
