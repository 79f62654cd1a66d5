using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;

namespace Asr.ProcessServer.Configuration;

/// <summary>Tests a passphrase by opening the vault with it: one way to be right, and the same work for every try.</summary>
/// <param name="path">Folder of the vault.</param>
internal sealed class LocalVaultPassphrase(string path) : IPassphraseCheck
{
    /// <inheritdoc/>
    public async Task<bool> IsRightAsync(string passphrase, CancellationToken cancellationToken)
    {
        try
        {
            // On a worker: the derivation is pure computation, long enough to hold up the requests that share this thread.
            await using IVault opened = await Task.Run(() => LocalVault.OpenAsync(path, passphrase, cancellationToken: cancellationToken), cancellationToken);
            return true;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.WrongPassphrase)
        {
            return false;
        }
    }
}
