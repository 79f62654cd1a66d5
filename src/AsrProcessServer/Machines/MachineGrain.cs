using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Upkeep;
using Orleans;
using Orleans.Runtime;

namespace Asr.ProcessServer.Machines;

/// <inheritdoc cref="IMachineGrain" />
public sealed partial class MachineGrain(
    [PersistentState(MachineDocument.Collection, CatalogGrainStorage.Name)] IPersistentState<MachineDocument> state,
    IRecoveryPointLog points,
    IInstantLog instants,
    ChangeWatchStore watch,
    IPolicyStore policies,
    IEventLog events,
    JobRunner runner,
    RecoverySite site,
    VaultHealth vaultHealth,
    GroupTrouble groupTrouble,
    ChangeSignals signals,
    TimeProvider time) : Grain, IMachineGrain
{
    /// <summary>An agent that has not reported for so long counts as lost.</summary>
    public static readonly TimeSpan HeartbeatMax = TimeSpan.FromSeconds(15);

    private AgentReport? _report;
    private DateTimeOffset? _reportedAt;
    private AsrRecoveryPoint? _latestPoint;

    private MachineDocument Document => state.RecordExists
        ? state.State
        : throw new AsrException(
            AsrErrorCode.NotFound, $"The vault knows no machine {this.GetPrimaryKey()}.", "List the machines to see their ids.", this.GetPrimaryKey().ToString());

    private bool AgentConnected => _reportedAt is { } at && time.GetUtcNow() - at < HeartbeatMax;

    /// <inheritdoc />
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.RecordExists)
        {
            _latestPoint = await ReadLatestPointAsync(cancellationToken);
            _changes = await watch.ReadAsync(this.GetPrimaryKey(), cancellationToken);
        }
    }

    /// <inheritdoc />
    public async Task RegisterAsync(string name)
    {
        if (!state.RecordExists)
        {
            await SaveAsync(new MachineDocument { Id = this.GetPrimaryKey(), Name = name, EnrolledAt = time.GetUtcNow(), Assignment = new AgentAssignment { Revision = 1 } });
            return;
        }
        if (AgentConnected)
        {
            throw new AsrException(
                AsrErrorCode.AlreadyExists, $"A machine named '{Document.Name}' exists and its agent reports.", "Choose another name, or stop the other agent first.", name);
        }
    }

    /// <inheritdoc />
    public Task<MachineView> LookAsync() => Task.FromResult(View());

    /// <inheritdoc />
    public async Task PointPublishedAsync(AsrRecoveryPoint point)
    {
        if (_latestPoint is null || point.PublishedAt >= _latestPoint.PublishedAt)
        {
            _latestPoint = point;
            signals.Raise(this.GetPrimaryKey());
        }
        if (point.AppConsistencyError is { } error)
        {
            await AnnounceAsync(
                EventSeverity.Warning, "AppConsistencyFailed", $"The recovery point of {point.Time:u} of '{Document.Name}' is crash-consistent: {error.Message}", error.Action);
        }
        await WatchChangesAsync(point);
        await FollowReportAsync();
    }

    /// <summary>The newest point; while a machine is protected anew, the first of this protection and not one that has been kept from an earlier one.</summary>
    private async Task<AsrRecoveryPoint?> ReadLatestPointAsync(CancellationToken cancellationToken)
    {
        AsrRecoveryPoint? newest = (await points.ListAsync(this.GetPrimaryKey(), 1, cancellationToken)).FirstOrDefault();
        return Document.State == MachineState.InitialReplication && newest?.PublishedAt < Document.Job?.AcceptedAt ? null : newest;
    }

    private MachineView View() => new()
    {
        Document = Document,
        Report = _report,
        ReportedAt = _reportedAt,
        AgentConnected = AgentConnected,
        LatestPoint = _latestPoint,
    };

    private MachineLifecycle Lifecycle() => new(Document.State, View().Facts);

    private async Task SaveAsync(MachineDocument document)
    {
        await state.ReplaceAsync(document);
        signals.Raise(this.GetPrimaryKey());
    }

    private Task<AsrEvent> AnnounceAsync(EventSeverity severity, string code, string message, string? action = null) => events.AddAsync(
        new AsrEvent { Severity = severity, Code = code, Message = message, Action = action, MachineId = Document.Id, MachineName = Document.Name },
        CancellationToken.None);
}
