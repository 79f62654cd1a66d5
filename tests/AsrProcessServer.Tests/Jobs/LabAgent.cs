using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;

namespace Asr.ProcessServer.Tests.Jobs;

/// <summary>
/// An agent in this process: the real replicator over disks in memory, which follows its assignment and reports ten times a second. The appliance may go down and come
/// back under it.
/// </summary>
internal sealed class LabAgent : IReplicationSink, IReplicaSource, IGroupCoordinator, IApplicationQuiescence, IApplicationRest, IAsyncDisposable
{
    private readonly RecoveryLab _lab;
    private readonly MachineReplicator _replicator;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private LabAgent(RecoveryLab lab, string name, Guid machineId, IReadOnlyList<DiskCapture> disks, IReadOnlyList<IBlockDevice> devices)
    {
        Devices = devices;
        _lab = lab;
        MachineId = machineId;
        Disks = disks;
        ShippingOptions options = new() { MachineName = name, RetryDelayMax = TimeSpan.FromMilliseconds(500) };
        _replicator = new MachineReplicator(machineId, disks, this, this, options, applications: this, coordinator: this);
        _loop = Task.Run(RunAsync);
    }

    public Guid MachineId { get; }

    public IReadOnlyList<DiskCapture> Disks { get; }

    /// <summary>What lies behind the disks: what is written there goes past the capture.</summary>
    public IReadOnlyList<IBlockDevice> Devices { get; }

    /// <summary>While true it neither asks nor reports: its site is lost.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Scripts that bring its applications to rest.</summary>
    public int Prepared { get; set; }

    /// <summary>Why its applications do not go on, or null.</summary>
    public AsrError? ReleaseError { get; set; }

    /// <summary>Called before each of its steps in a round is sent.</summary>
    public Func<ConsistencyStep, Task>? OnStep { get; set; }

    public static async Task<LabAgent> StartAsync(RecoveryLab lab, int diskCount = 2, long diskBytes = 4 << 20, string name = "web01")
    {
        List<DiskCapture> disks = [];
        List<IBlockDevice> devices = [];
        for (int index = 0; index < diskCount; index++)
        {
            Guid id = Guid.NewGuid();
            MemoryBlockDevice device = new(diskBytes);
            byte[] content = RandomNumberGenerator.GetBytes(1 << 20);
            await device.WriteAsync(index * 4096, content, RecoveryLab.Stop);
            devices.Add(device);
            disks.Add(new DiskCapture(id, $"disk{index}", device, ActivityLog.Open(Path.Combine(lab.Folder, $"{id:N}.activity"), id, diskBytes)));
        }
        AsrDisk[] offered = [.. disks.Select(disk => new AsrDisk { Id = disk.Id, Name = disk.Name, SizeBytes = disk.Length })];
        return new LabAgent(lab, name, await lab.EnrollAsync(name, offered), disks, devices);
    }

    /// <summary>SHA-256 of every disk as it is now.</summary>
    public async Task<string[]> HashesAsync() => await Task.WhenAll(Disks.Select(disk => HashAsync(disk)));

    public static async Task<string> HashAsync(IBlockDevice device)
    {
        byte[] content = new byte[device.Length];
        for (int offset = 0; offset < content.Length; offset += 1 << 20)
        {
            await device.ReadAsync(offset, content.AsMemory(offset, Math.Min(1 << 20, content.Length - offset)), RecoveryLab.Stop);
        }
        return Convert.ToHexStringLower(SHA256.HashData(content));
    }

    public Task<ReplicationSession> OpenSessionAsync(Guid diskId, OpenSessionRequest request, CancellationToken cancellationToken) =>
        Sink.OpenSessionAsync(diskId, request, cancellationToken);

    public Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) => Sink.ShipAsync(diskId, batch, cancellationToken);

    public Task<ShipReceipt> GetProgressAsync(Guid diskId, int epoch, CancellationToken cancellationToken) => Sink.GetProgressAsync(diskId, epoch, cancellationToken);

    public Task<AsrRecoveryPoint> PublishPointAsync(AsrRecoveryPoint point, CancellationToken cancellationToken) => Sink.PublishPointAsync(point, cancellationToken);

    public Task<IApplicationRest> RestAsync(CancellationToken cancellationToken) => Task.FromResult<IApplicationRest>(this);

    public Task<AsrError?> ReleaseAsync() => Task.FromResult(ReleaseError);

    public async Task<ConsistencyOrder> StepAsync(ConsistencyStep step, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await (OnStep?.Invoke(step) ?? Task.CompletedTask);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        limit.CancelAfter(timeout);
        try
        {
            return !IsSilent && _lab.Replication is not null ? await _lab.Machines.StepAsync(MachineId, step, limit.Token) : throw Unreachable();
        }
        catch (Exception error) when (error is not AsrException && !cancellationToken.IsCancellationRequested)
        {
            // Too late, or the appliance is going down.
            throw Unreachable();
        }
    }

    public Task<byte[]> GetDigestsAsync(Guid diskId, DigestRequest request, CancellationToken cancellationToken) => Source.GetDigestsAsync(diskId, request, cancellationToken);

    public Task ReadPointAsync(Guid diskId, Guid recoveryPointId, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        Source.ReadPointAsync(diskId, recoveryPointId, offset, buffer, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await _replicator.DisposeAsync();
        foreach (DiskCapture disk in Disks)
        {
            await disk.DisposeAsync();
        }
        _stop.Dispose();
    }

    private IReplicationSink Sink => !IsSilent && _lab.Replication is { } up ? up : throw Unreachable();

    private IReplicaSource Source => !IsSilent && _lab.Replication is { } up ? up : throw Unreachable();

    private static AsrException Unreachable() => new(AsrErrorCode.ApplianceUnreachable, "The appliance is down.");

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (!IsSilent && _lab.Replication is not null)
                {
                    await _replicator.ApplyAsync(await _lab.Machines.GetAssignmentAsync(MachineId, null, _stop.Token), _stop.Token);
                    AgentReport report = _replicator.GetReport();
                    await _lab.Machines.ReportAsync(MachineId, report, _stop.Token);
                    _replicator.NoteReported(report);
                }
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // It is stopped in the middle of something.
            }
            catch (Exception) when (!_stop.IsCancellationRequested)
            {
                // The appliance is going down or coming up; the next round tries again, as an agent does.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }
}
