using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Events;

/// <summary>Shows what happened, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "AsrEvent")]
[OutputType(typeof(AsrEvent))]
public sealed class GetAsrEventCommand : ConnectedCommand
{
    private const int NewestDefault = 100;

    /// <summary>Only events of these machines; names may have wildcards.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(MachineCompleter))]
    [SupportsWildcards]
    public MachineIdentity[]? Machine { get; set; }

    /// <summary>Only events at least this bad.</summary>
    [Parameter]
    public EventSeverity MinimumSeverity { get; set; } = EventSeverity.Normal;

    /// <summary>How many of the vault's newest events to look through.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Newest { get; set; } = NewestDefault;

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForAll(Active.ApplianceUri, () =>
    {
        List<AsrEvent> events = Run(stop => Active.ListEventsAsync(Newest, stop));
        WriteObject(events.Where(IsWanted), enumerateCollection: true);
    });

    private bool IsWanted(AsrEvent item) =>
        item.Severity >= MinimumSeverity
        && (Machine is null
            || (item.MachineId is { } id && Machine.Any(machine => machine.Matches(id, item.MachineName ?? ""))));
}
