using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Vault.Scrub;

/// <summary>Which disks and documents a scrub is about. Immutable.</summary>
internal sealed class ScrubScope
{
    private readonly HashSet<Guid> _known;
    private readonly string[]? _ids;

    private ScrubScope(HashSet<Guid> known, IReadOnlyList<Guid> disks, string[]? ids)
    {
        _known = known;
        _ids = ids;
        Disks = disks;
    }

    /// <summary>The disks, in order.</summary>
    public IReadOnlyList<Guid> Disks { get; }

    public static async Task<ScrubScope> FindAsync(ICatalog catalog, DiskDocuments disks, Guid? machineId, CancellationToken cancellationToken)
    {
        HashSet<Guid> known = [];
        List<Guid> chosen = [];
        foreach (string id in await catalog.ListIdsAsync(DiskDocuments.Collection, cancellationToken).ToArrayAsync(cancellationToken).ConfigureAwait(false))
        {
            if (Guid.TryParseExact(id, "D", out Guid diskId))
            {
                known.Add(diskId);
                if (machineId is null || await IsOfAsync(disks, diskId, machineId.Value, cancellationToken).ConfigureAwait(false))
                {
                    chosen.Add(diskId);
                }
            }
        }

        chosen.Sort(ScrubOrder.Compare);
        return new ScrubScope(known, chosen, machineId is { } machine ? [machine.ToString("D"), .. chosen.Select(static diskId => diskId.ToString("D"))] : null);
    }

    /// <summary>Whether the vault has a document of a disk, a deleted one's included.</summary>
    public bool Knows(Guid diskId) => _known.Contains(diskId);

    /// <summary>Whether a document belongs to what is scrubbed: of a machine, what its collection or its id names it or one of its disks.</summary>
    public bool Has(string collection, string id) =>
        _ids is null || _ids.Contains(id) || _ids.Any(known => collection.EndsWith(known, StringComparison.Ordinal));

    // A document that cannot be read may be that of any machine's disk.
    private static async Task<bool> IsOfAsync(DiskDocuments disks, Guid diskId, Guid machineId, CancellationToken cancellationToken)
    {
        try
        {
            return await disks.ReadAsync(diskId, cancellationToken).ConfigureAwait(false) is { } stored && stored.Document.Epochs.Any(epoch => epoch.MachineId == machineId);
        }
        catch (AsrException damaged) when (damaged.Code is AsrErrorCode.VaultDocumentCorrupt or AsrErrorCode.VaultUnavailable)
        {
            return true;
        }
    }
}
