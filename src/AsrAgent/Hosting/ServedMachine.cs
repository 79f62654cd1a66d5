using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Agent.Disks;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>
/// This machine in service: its disks and what replicates them. Serves the workload whether or not there is an appliance. Safe for concurrent callers.
/// Disposing it ends in order: clients finish, replication stops, activity logs are closed cleanly.
/// </summary>
internal sealed class ServedMachine : IServedMachine, IAsyncDisposable
{
    private readonly StateFolder _folder;
    private readonly MachineDisks _disks;
    private readonly MachineReplicator _replicator;
    private readonly FileSystemQuiescence _quiescence;
    private readonly ILogger _logger;
    private volatile AgentAssignment? _assignment;

    private ServedMachine(StateFolder folder, AgentAssignment? assignment, MachineDisks disks, MachineReplicator replicator, FileSystemQuiescence quiescence, ILogger logger)
    {
        _quiescence = quiescence;
        _assignment = assignment;
        _folder = folder;
        _disks = disks;
        _replicator = replicator;
        _logger = logger;
    }

    /// <summary>The disks in service.</summary>
    public IEnumerable<DiskCapture> Captures => _disks.Served.Select(disk => disk.Capture);

    /// <summary>
    /// Puts the disks into service. If the last assignment refused writes (the machine runs elsewhere, or is being brought back), they are refused from
    /// the first request on and until the appliance says otherwise: a restart during an outage must not let two copies of a machine run.
    /// Other assignments wait for the appliance's word, which may have changed meanwhile; until then changes are marked and not sent.
    /// </summary>
    public static async Task<ServedMachine> StartAsync(
        StateFolder folder,
        AgentIdentity identity,
        DiskPlan plan,
        IApplicationQuiescence applications,
        IReplicationSink sink,
        IReplicaSource replica,
        IGroupCoordinator coordinator,
        ILoggerFactory loggers,
        DiskDiscovery? discovery = null)
    {
        AgentAssignment? last = StateFile.Read<AgentAssignment>(folder.AssignmentFile);
        MachineDisks disks = await MachineDisks.OpenAsync(folder, plan, discovery ?? new DiskDiscovery(), RefusesWrites(last), loggers).ConfigureAwait(false);
        ShippingOptions shipping = new() { MachineName = identity.MachineName, AgentVersion = AgentVersion.Text };
        FileSystemQuiescence quiescence = new(FreezeNote.PathFor(folder.Path), ThawWatchdog.OfThisProgram(), TimeProvider.System);
        MachineReplicator replicator = new(
            identity.MachineId,
            [.. disks.Served.Select(disk => disk.Capture)],
            sink,
            replica,
            shipping,
            logger: loggers.CreateLogger<MachineReplicator>(),
            quiescence: quiescence,
            applications: applications,
            coordinator: coordinator);
        return new ServedMachine(folder, last, disks, replicator, quiescence, loggers.CreateLogger<ServedMachine>());
    }

    /// <inheritdoc/>
    public Task ApplyAsync(AgentAssignment assignment, CancellationToken cancellationToken)
    {
        StateFile.WriteDurably(_folder.AssignmentFile, assignment);
        _assignment = assignment;
        return _replicator.ApplyAsync(assignment, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task FollowDisksAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<DiskCapture> added = await _disks.FollowAsync(RefusesWrites(_assignment), _replicator.WithdrawAsync).ConfigureAwait(false);
        foreach (DiskCapture disk in added)
        {
            // From here on the replicator keeps it as the newest assignment says, should that have come meanwhile.
            await _replicator.OfferAsync(disk, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public AgentReport GetReport()
    {
        AgentReport report = _replicator.GetReport();

        // A disk of the machine that is gone and that no one asks for is no news: a medium that was once attached would be told of for ever.
        RefusedDisk[] refused = [.. _disks.Refused.Where(disk => disk.Error.Code != AsrErrorCode.DiskGone || (_assignment?.DiskIds.Contains(disk.Entry.Id) ?? false))];
        if (refused.Length == 0)
        {
            return report;
        }

        return report with
        {
            Disks = [.. report.Disks, .. refused.Select(disk => disk.Describe())],

            // A refused disk is the cause of whatever the replicator complains of because of it.
            Error = report.Error is null or { Code: AsrErrorCode.NotFound } ? refused[0].Error : report.Error,
        };
    }

    /// <inheritdoc/>
    public void NoteReported(AgentReport report) => _replicator.NoteReported(report);

    /// <inheritdoc/>
    public Task WaitForNewsAsync(TimeSpan timeout, CancellationToken cancellationToken) => _replicator.WaitForNewsAsync(timeout, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _logger.Stopping();
        await _disks.StopServingAsync().ConfigureAwait(false);
        await _replicator.DisposeAsync().ConfigureAwait(false);
        _quiescence.Dispose();
        await _disks.DisposeAsync().ConfigureAwait(false);
        _logger.Stopped();
    }

    private static bool RefusesWrites(AgentAssignment? assignment) => assignment?.Mode is AgentMode.Quiesce or AgentMode.Fence or AgentMode.Failback;
}
