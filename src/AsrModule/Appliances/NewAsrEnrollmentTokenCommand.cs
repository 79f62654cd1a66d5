using System;
using System.Management.Automation;
using Asr.Contracts;
using Asr.Module.Commands;

namespace Asr.Module.Appliances;

/// <summary>Makes a one-time token that lets one mobility agent enroll.</summary>
[Cmdlet(VerbsCommon.New, "AsrEnrollmentToken", SupportsShouldProcess = true)]
[OutputType(typeof(AsrEnrollmentToken))]
public sealed class NewAsrEnrollmentTokenCommand : ConnectedCommand
{
    private const int HoursMax = 168;

    /// <summary>How many hours the token can be used.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(1, HoursMax)]
    public int ValidHours { get; set; } = 24;

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (ShouldProcess($"vault '{Active.VaultPath}'", $"Make an enrollment token for {ValidHours} h"))
        {
            // Not repeated by itself: a token whose answer was lost would stay valid unseen.
            ForAll(Active.ApplianceUri, () => WriteObject(Run(stop =>
                Active.PostAsync<AsrEnrollmentToken>($"{AsrRoutes.Tokens}?hours={ValidHours}", null, repeatable: false, stop))));
        }
    }
}
