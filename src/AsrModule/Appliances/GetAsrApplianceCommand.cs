using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;

namespace Asr.Module.Appliances;

/// <summary>Shows the appliance that serves the vault.</summary>
[Cmdlet(VerbsCommon.Get, "AsrAppliance")]
[OutputType(typeof(AsrAppliance))]
public sealed class GetAsrApplianceCommand : ConnectedCommand
{
    /// <inheritdoc/>
    protected override void EndProcessing() =>
        ForAll(Active.ApplianceUri, () => WriteObject(Run(stop => Active.GetAsync<AsrAppliance>(AsrRoutes.Appliance, stop))));
}
