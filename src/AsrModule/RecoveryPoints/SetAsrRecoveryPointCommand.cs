using System;
using System.Collections.Generic;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Completion;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.RecoveryPoints;

/// <summary>Pins a recovery point, so that retention keeps it, or gives it a name.</summary>
[Cmdlet(VerbsCommon.Set, "AsrRecoveryPoint", SupportsShouldProcess = true)]
[OutputType(typeof(AsrRecoveryPoint))]
public sealed class SetAsrRecoveryPointCommand : ConnectedCommand
{
    /// <summary>The machine of the point.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("MachineId")]
    [ArgumentCompleter(typeof(MachineCompleter))]
    public MachineIdentity Machine { get; set; } = null!;

    /// <summary>The point.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [ArgumentCompleter(typeof(RecoveryPointCompleter))]
    public RecoveryPointIdentity RecoveryPoint { get; set; } = null!;

    /// <summary>Keeps the point whatever its policy says; -Pinned:$false leaves it to the policy again.</summary>
    [Parameter]
    public SwitchParameter Pinned { get; set; }

    /// <summary>A name, unique among the machine's points; an empty one takes the name away.</summary>
    [Parameter]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>Writes the changed point.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        ForAll(null, CheckParameters);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(RecoveryPoint, () =>
    {
        AsrReplicatedMachine machine = Run(stop => Active.GetMachineAsync(Machine, stop));
        AsrRecoveryPoint point = RecoveryPoint.Resolve(Run(stop => Active.ListPointsAsync(machine.Id, stop)), machine.Name);
        RecoveryPointChange change = new() { Pinned = IsGiven(nameof(Pinned)) ? Pinned.ToBool() : null, Name = Name };
        if (!ShouldProcess($"recovery point of {Display.Time(point.Time)} of machine '{machine.Name}' ({point.Id})", Describe(change)))
        {
            return;
        }

        AsrRecoveryPoint changed = Run(stop => Active.ChangePointAsync(machine.Id, point.Id, change, stop));
        if (PassThru)
        {
            WriteObject(changed);
        }
    });

    private static string Describe(RecoveryPointChange change)
    {
        List<string> parts = new();
        if (change.Pinned is { } pinned)
        {
            parts.Add(pinned ? "Pin" : "Unpin");
        }

        if (change.Name is { } name)
        {
            parts.Add(name.Length == 0 ? "Take the name away" : $"Name '{name}'");
        }

        return string.Join(", ", parts);
    }

    private bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    private void CheckParameters()
    {
        if (!IsGiven(nameof(Pinned)) && Name is null)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument, "There is nothing to change.", "Give -Pinned, -Pinned:$false or -Name.");
        }

        if (Name is { Length: > 0 } name && RecoveryPointName.Fault(name) is { } fault)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"The name '{name}' {fault}.", "Choose another name.", name);
        }
    }
}
