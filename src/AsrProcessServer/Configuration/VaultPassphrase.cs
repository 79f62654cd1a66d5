using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Configuration;

/// <summary>Tests a passphrase by opening the vault with it: one way to be right, and the same work for every try.</summary>
/// <param name="source">The vault.</param>
internal sealed class VaultPassphrase(VaultSource source) : IPassphraseCheck
{
    /// <inheritdoc/>
    public async Task<bool> IsRightAsync(string passphrase, CancellationToken cancellationToken)
    {
        try
        {
            // On a worker: the derivation is pure computation, long enough to hold up the requests that share this thread.
            await using IVault opened = await Task.Run(() => source.OpenAsync(passphrase, spoolFolder: null, cancellationToken), cancellationToken);
            return true;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.WrongPassphrase)
        {
            return false;
        }
    }
}
