using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Asr.Testing;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

/// <summary>A machine with disks in memory, its activity logs in files, and a process server in memory; the agent may crash and start again.</summary>
public sealed class ReplicationRig : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("asr-rig-").FullName;
    private readonly ShippingOptions _options = new()
    {
        MachineName = "rig",
        FlushInterval = TimeSpan.FromMilliseconds(2),
        ProgressInterval = TimeSpan.FromMilliseconds(5),
        InstantInterval = TimeSpan.FromMilliseconds(5),
        RetryDelay = TimeSpan.FromMilliseconds(1),
        RetryDelayMax = TimeSpan.FromMilliseconds(20),
    };

    private readonly long _queueBytesMax;
    private IActivityLog[] _logs = [];
    private long _revision;

    public ReplicationRig(int diskCount, long diskBytes, long queueBytesMax = 8 << 20)
    {
        _queueBytesMax = queueBytesMax;
        DiskIds = [.. Enumerable.Range(0, diskCount).Select(_ => Guid.NewGuid())];
        Sources = [.. DiskIds.Select(_ => new FaultyDevice(new MemoryBlockDevice(diskBytes)))];
    }

    public Guid MachineId { get; } = Guid.NewGuid();

    public Guid[] DiskIds { get; }

    public FaultyDevice[] Sources { get; }

    public InMemoryReplicationSink Sink { get; } = new();

    public DiskCapture[] Disks { get; private set; } = [];

    public MachineReplicator Replicator { get; private set; } = null!;

    /// <summary>What brings the machine's applications to rest.</summary>
    public IApplicationQuiescence? Applications { get; set; }

    /// <summary>Identity of the boot that the logs see.</summary>
    public Guid BootId { get; set; } = Guid.NewGuid();

    public string LogPath(int disk) => Path.Combine(_folder, $"{disk}.activity");

    /// <summary>Starts the agent with its first disks only, or all; the others may be offered later.</summary>
    public void StartAgent(int? offered = null)
    {
        _logs = [.. DiskIds.Select((id, i) => ActivityLog.Open(LogPath(i), id, Sources[i].Length, BootId))];
        DiskCaptureOptions options = new() { QueueBytesMax = _queueBytesMax };
        Disks = [.. DiskIds.Select((id, i) => new DiskCapture(id, $"disk{i}", Sources[i], _logs[i], options))];
        Replicator = new MachineReplicator(MachineId, Disks[..(offered ?? Disks.Length)], Sink, Sink, _options, applications: Applications);
    }

    /// <summary>Ends the agent as kill -9 does: nothing is closed in order.</summary>
    public async Task CrashAgentAsync()
    {
        foreach (FaultyDevice source in Sources)
        {
            source.IsGone = true;
        }

        await Replicator.DisposeAsync();
        foreach (IActivityLog log in _logs)
        {
            log.Dispose();
        }

        foreach (FaultyDevice source in Sources)
        {
            await source.WaitIdleAsync();
            source.IsGone = false;
        }
    }

    public async Task StopAgentAsync()
    {
        await Replicator.DisposeAsync();
        foreach (DiskCapture disk in Disks)
        {
            await disk.DisposeAsync();
        }
    }

    public Task ApplyAsync(AgentMode mode, Func<AgentAssignment, AgentAssignment>? change = null)
    {
        AgentAssignment assignment = new() { Revision = ++_revision, Mode = mode, DiskIds = DiskIds };
        return Replicator.ApplyAsync(change?.Invoke(assignment) ?? assignment, TestContext.Current.CancellationToken);
    }

    /// <summary>Applies an assignment and waits until it is reached.</summary>
    public async Task ReachAsync(AgentMode mode, Func<AgentAssignment, AgentAssignment>? change = null)
    {
        await ApplyAsync(mode, change);
        await UntilAsync(report => report.AssignmentRevision == _revision && report.Mode == mode);
    }

    public async Task ReplicateUntilInSyncAsync(Func<AgentAssignment, AgentAssignment>? change = null)
    {
        await ReachAsync(AgentMode.Replicate, change);
        await UntilAsync(report => report.InSync);
    }

    /// <summary>Stops the writes, makes the final point and gives its id.</summary>
    public async Task<Guid> QuiesceAsync()
    {
        Guid id = Guid.NewGuid();
        await ReachAsync(AgentMode.Quiesce, assignment => assignment with { FinalPointId = id });
        return id;
    }

    public async Task<AgentReport> UntilAsync(Func<AgentReport, bool> condition)
    {
        // Generous: it only decides how long a failing test takes.
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            AgentReport report = Replicator.GetReport();
            if (condition(report))
            {
                return report;
            }

            if (limit.IsCancellationRequested)
            {
                Assert.Fail($"Not reached within the limit: {report} {string.Join(", ", report.Disks)}");
            }

            await Task.Delay(2, CancellationToken.None);
        }
    }

    /// <summary>Waits until no activity log has a mark left.</summary>
    public Task<AgentReport> SettledAsync() => UntilAsync(_ => _logs.All(log => !log.EnumerateMarked().Any()));

    public async Task<byte[]> ReadSourceAsync(int disk)
    {
        byte[] content = new byte[Sources[disk].Length];
        await Sources[disk].Inner.ReadAsync(0, content, TestContext.Current.CancellationToken);
        return content;
    }

    public async Task AssertPointEqualsSourceAsync(Guid pointId)
    {
        for (int i = 0; i < DiskIds.Length; i++)
        {
            byte[] source = await ReadSourceAsync(i);
            byte[] point = Sink.Image(DiskIds[i], pointId);
            int differsAt = source.AsSpan().CommonPrefixLength(point);
            Assert.True(differsAt == source.Length, $"Disk {i} differs from point {pointId} at byte {differsAt}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (Replicator?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (IActivityLog log in _logs)
        {
            log.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
