using System.Management.Automation;
using System.Security;
using Asr.Contracts;
using Asr.Module.Commands;
using Asr.Module.Connections;

namespace Asr.Module.Vaults;

/// <summary>Makes a vault.</summary>
[Cmdlet(VerbsCommon.New, "AsrVault", SupportsShouldProcess = true)]
[OutputType(typeof(AsrVault))]
public sealed class NewAsrVaultCommand : AsrCommand
{
    /// <summary>Folder of the new vault; made when it is not there, refused when it holds a vault.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The passphrase that protects the vault's keys. Without it nothing can be recovered.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNull]
    public SecureString Passphrase { get; set; } = null!;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string path = SessionState.Path.GetUnresolvedProviderPathFromPSPath(Path);
        if (ShouldProcess($"folder '{path}'", "Make a vault"))
        {
            ForAll(path, () => WriteObject(Run(stop => VaultTool.CreateAsync(path, Passphrase, stop))));
        }
    }
}
