using System;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.RecoveryPoints;

/// <summary>Shows recovery points of machines, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "AsrRecoveryPoint", DefaultParameterSetName = ListSet)]
[OutputType(typeof(AsrRecoveryPoint))]
public sealed class GetAsrRecoveryPointCommand : ConnectedCommand
{
    private const string ListSet = "List";
    private const string AtSet = "At";

    private List<List<AsrRecoveryPoint>>? _moments;

    /// <summary>The machines, names with wildcards; all when left out.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public MachineIdentity[] Machine { get; set; } = { new("*") };

    /// <summary>Only the newest of each machine that the other filters leave.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public SwitchParameter Latest { get; set; }

    /// <summary>Only points of this type.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public RecoveryPointType? Type { get; set; }

    /// <summary>Only points at or before this time.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public DateTimeOffset? Before { get; set; }

    /// <summary>Only points at or after this time.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public DateTimeOffset? After { get; set; }

    /// <summary>What would be taken for this second of the continuous stream, be it a point or not; nothing is stored.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AtSet)]
    [ArgumentCompleter(typeof(PointInTimeCompleter))]
    public DateTimeOffset? At { get; set; }

    /// <summary>Only pinned points.</summary>
    [Parameter(ParameterSetName = ListSet)]
    public SwitchParameter Pinned { get; set; }

    /// <summary>Only points with one of these names, with wildcards.</summary>
    [Parameter(ParameterSetName = ListSet)]
    [ArgumentCompleter(typeof(RecoveryPointNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <summary>Only points that the machines of these consistency groups, with wildcards, have of one moment. With -Latest: of the newest moment of which every machine has its point.</summary>
    [Parameter(ParameterSetName = ListSet)]
    [ArgumentCompleter(typeof(ConsistencyGroupCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? ConsistencyGroup { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (MachineIdentity machine in Machine)
        {
            ForItem(machine, () => Run((output, stop) => ListAsync(machine, output, stop)));
        }
    }

    private async Task<bool> ListAsync(MachineIdentity identity, PipelineOutput output, CancellationToken stop)
    {
        IReadOnlyList<AsrReplicatedMachine> machines = await Active.FindMachinesAsync(identity, stop).ConfigureAwait(false);
        if (ConsistencyGroup is not null)
        {
            await ListSharedAsync(machines, output, stop).ConfigureAwait(false);
            return true;
        }

        foreach (AsrReplicatedMachine machine in machines)
        {
            if (At is { } at)
            {
                await ShowAsync(machine, at, output, stop).ConfigureAwait(false);
                continue;
            }

            List<AsrRecoveryPoint> points = await Active.ListPointsAsync(machine.Id, Before, stop).ConfigureAwait(false);
            IEnumerable<AsrRecoveryPoint> wanted = points.Where(IsWanted).OrderByDescending(point => point.Time);
            foreach (AsrRecoveryPoint point in Latest ? wanted.Take(1) : wanted)
            {
                output.WriteObject(point);
            }
        }

        return true;
    }

    // Moments of all machines, not only of those asked for: whether one is whole depends on all that took part in it.
    private async Task ListSharedAsync(IReadOnlyList<AsrReplicatedMachine> machines, PipelineOutput output, CancellationToken stop)
    {
        _moments ??= await ReadMomentsAsync(stop).ConfigureAwait(false);
        HashSet<Guid> wanted = new(machines.Select(machine => machine.Id));
        IEnumerable<List<AsrRecoveryPoint>> moments = _moments.Where(moment => moment.Any(IsWanted));
        if (Latest)
        {
            moments = moments.Where(IsWhole).GroupBy(moment => moment[0].MultiMachine!.ConsistencyGroup, StringComparer.OrdinalIgnoreCase).Select(group => group.First());
        }

        foreach (AsrRecoveryPoint point in moments.SelectMany(moment => moment).Where(point => wanted.Contains(point.MachineId)))
        {
            output.WriteObject(point);
        }
    }

    private async Task<List<List<AsrRecoveryPoint>>> ReadMomentsAsync(CancellationToken stop)
    {
        List<AsrRecoveryPoint> shared = new();
        foreach (AsrReplicatedMachine machine in await Active.ListMachinesAsync(stop).ConfigureAwait(false))
        {
            List<AsrRecoveryPoint> points = await Active.ListPointsAsync(machine.Id, stop).ConfigureAwait(false);
            shared.AddRange(points.Where(point => point.MultiMachine is { } moment && IsLike(moment.ConsistencyGroup, ConsistencyGroup!)));
        }

        return shared.GroupBy(point => point.MultiMachine!.Id).Select(moment => moment.OrderBy(point => point.MachineName, StringComparer.OrdinalIgnoreCase).ToList())
            .OrderByDescending(moment => moment[0].MultiMachine!.Time).ToList();
    }

    private static bool IsWhole(List<AsrRecoveryPoint> moment) => moment[0].MultiMachine!.MachineIds.All(id => moment.Any(point => point.MachineId == id));

    private async Task ShowAsync(AsrReplicatedMachine machine, DateTimeOffset at, PipelineOutput output, CancellationToken stop)
    {
        try
        {
            output.WriteObject(await Active.FindPointAtAsync(machine.Id, at, stop).ConfigureAwait(false));
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.PointInTimeUnavailable)
        {
            // Of several machines, the others may have that second.
            output.WriteError(error.ToErrorRecord(machine));
        }
    }

    // What machines have of one moment is older or newer for all of them alike, whatever their clocks say.
    private DateTimeOffset TimeOf(AsrRecoveryPoint point) => ConsistencyGroup is not null && point.MultiMachine is { } moment ? moment.Time : point.Time;

    private bool IsWanted(AsrRecoveryPoint point) =>
        (Type is null || point.Type == Type) && (Before is null || TimeOf(point) <= Before) && (After is null || TimeOf(point) >= After)
        && (!Pinned || point.Pinned) && (Name is null || (point.Name is not null && Name.Any(name => IsLike(point.Name, name))));

    private static bool IsLike(string text, string pattern) =>
        WildcardPattern.Get(pattern, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant).IsMatch(text);
}
