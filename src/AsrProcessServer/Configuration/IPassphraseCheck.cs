using System.Threading;
using System.Threading.Tasks;

namespace Asr.ProcessServer.Configuration;

/// <summary>Tells whether a passphrase opens the vault.</summary>
internal interface IPassphraseCheck
{
    /// <summary>
    /// True when it does. Runs the vault's whole key derivation for every passphrase, right or wrong, so the time it takes says nothing about it.
    /// Costs a processor for a good fraction of a second.
    /// </summary>
    Task<bool> IsRightAsync(string passphrase, CancellationToken cancellationToken);
}
