using System.Threading;
using System.Threading.Tasks;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>One passphrase is right.</summary>
internal sealed class FixedPassphrase : IPassphraseCheck
{
    public const string Right = "correct horse";

    public Task<bool> IsRightAsync(string passphrase, CancellationToken cancellationToken) => Task.FromResult(passphrase == Right);
}
