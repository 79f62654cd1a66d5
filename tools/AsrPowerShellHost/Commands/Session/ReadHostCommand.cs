using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Read-Host: a line, or a secret, from standard input.</summary>
[Cmdlet(VerbsCommunications.Read, "Host")]
public sealed class ReadHostCommand : PSCmdlet
{
    [Parameter(Position = 0, ValueFromRemainingArguments = true)]
    public string[] Prompt { get; set; } = [];

    [Parameter]
    public SwitchParameter AsSecureString { get; set; }

    [Parameter]
    public SwitchParameter MaskInput { get; set; }

    protected override void ProcessRecord()
    {
        if (Prompt.Length > 0)
        {
            Host.UI.Write(string.Join(' ', Prompt) + ": ");
        }

        if (AsSecureString)
        {
            WriteObject(Host.UI.ReadLineAsSecureString());
            return;
        }

        WriteObject(MaskInput
            ? new System.Net.NetworkCredential("", Host.UI.ReadLineAsSecureString()).Password
            : Host.UI.ReadLine());
    }
}
