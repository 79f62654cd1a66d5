using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Harness;

/// <summary>
/// One life of an agent over disks that outlive it. <see cref="KillAsync"/> is kill -9: from one moment on nothing of it reaches disk, activity log or
/// network; then the corpse is cleared away.
/// </summary>
internal sealed class SimulatedAgent
{
    private readonly List<MortalDevice> _sources = [];
    private readonly List<MortalActivityLog> _logs = [];
    private readonly List<DiskCapture> _captures = [];
    private readonly MortalLink _link;
    private readonly MachineReplicator _replicator;

    public SimulatedAgent(World world, Guid bootId)
    {
        for (int i = 0; i < world.Disks.Count; i++)
        {
            MortalDevice source = new(world.Disks[i]);
            MortalActivityLog log = new(world.Bug.ActivityLog(ActivityLog.Open(world.ActivityLogPath(i), world.DiskIds[i], source.Length, bootId)));
            DiskCaptureOptions options = new() { QueueBytesMax = world.Plan.QueueBytesMax };
            _sources.Add(source);
            _logs.Add(log);
            _captures.Add(new DiskCapture(world.DiskIds[i], $"disk{i}", world.Bug.Source(source), log, options));
        }

        _link = new MortalLink(world.Network);
        ShippingOptions shipping = new()
        {
            MachineName = "oracle",
            FlushInterval = TimeSpan.FromMilliseconds(5),
            ProgressInterval = TimeSpan.FromMilliseconds(10),
            InstantInterval = TimeSpan.FromMilliseconds(10),
            InstantIdleInterval = TimeSpan.FromMilliseconds(50),
            RetryDelay = TimeSpan.FromMilliseconds(2),
            RetryDelayMax = TimeSpan.FromMilliseconds(20),
        };
        _replicator = new MachineReplicator(
            world.MachineId, _captures, world.Bug.Sink(_link), _link, shipping, world.Bug.AgentClock(world.Clock));
    }

    /// <summary>The disks as the workload sees them.</summary>
    public IReadOnlyList<IBlockDevice> Disks => _captures;

    public AgentReport Report => _replicator.GetReport();

    /// <summary>The instants told since the last call.</summary>
    public IReadOnlyList<MachineInstant> TakeInstants()
    {
        AgentReport report = _replicator.GetReport();
        _replicator.NoteReported(report);
        return report.Instants;
    }

    public Task ApplyAsync(AgentAssignment assignment) => _replicator.ApplyAsync(assignment, CancellationToken.None);

    public Task KillAsync()
    {
        _link.Kill();
        _sources.ForEach(source => source.Kill());
        _logs.ForEach(log => log.Kill());
        return EndAsync();
    }

    /// <summary>An orderly end, as after SIGTERM.</summary>
    public async Task EndAsync()
    {
        await _replicator.DisposeAsync();
        foreach (DiskCapture capture in _captures)
        {
            await capture.DisposeAsync();
        }
    }
}
