using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>
/// Tells storage that is out of reach, which is waited for, from storage that does not give some bytes while it gives others, which is a finding like any other
/// damage.
/// </summary>
internal sealed class ScrubReader(ICatalog catalog, TimeProvider time)
{
    private const int Attempts = 3;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Reads; null when all is well, else what is wrong: <see cref="AsrErrorCode.SegmentCorrupt"/>, <see cref="AsrErrorCode.SegmentMissing"/>,
    /// <see cref="AsrErrorCode.VaultDocumentCorrupt"/>, or <see cref="AsrErrorCode.VaultUnavailable"/> for what the storage does not give.
    /// </summary>
    public async Task<AsrException?> TryAsync(Func<Task> read, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await read().ConfigureAwait(false);
                return null;
            }
            catch (AsrException damage) when (damage.Code is AsrErrorCode.SegmentCorrupt or AsrErrorCode.SegmentMissing or AsrErrorCode.VaultDocumentCorrupt)
            {
                return damage;
            }
            catch (AsrException fault) when (fault.Code == AsrErrorCode.VaultUnavailable)
            {
                if (attempt == Attempts)
                {
                    // Throws when the vault gives nothing at all any more. No document is read for it: that may be the very one that cannot be.
                    await catalog.ListCollectionsAsync(cancellationToken).AnyAsync(cancellationToken).ConfigureAwait(false);
                    return fault;
                }

                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The kind of problem that an error tells of.</summary>
    public static VaultProblem ProblemOf(AsrException error) => error.Code switch
    {
        AsrErrorCode.SegmentMissing => VaultProblem.Missing,
        AsrErrorCode.VaultUnavailable => VaultProblem.Unreadable,
        _ => VaultProblem.Damaged,
    };
}
