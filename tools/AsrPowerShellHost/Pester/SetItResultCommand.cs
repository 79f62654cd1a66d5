using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>Set-ItResult -Skipped: ends the test at once, as skipped and not as failed.</summary>
[Cmdlet(VerbsCommon.Set, "ItResult")]
public sealed class SetItResultCommand : PSCmdlet
{
    internal const string SkippedErrorId = "PesterTestSkipped";

    [Parameter(Mandatory = true)]
    public SwitchParameter Skipped { get; set; }

    [Parameter]
    public string? Because { get; set; }

    protected override void ProcessRecord()
    {
        string message = Because is null ? "is skipped" : $"is skipped, because {Because}";
        ThrowTerminatingError(new ErrorRecord(
            new PSInvalidOperationException(message), SkippedErrorId, ErrorCategory.InvalidResult, targetObject: null));
    }
}
