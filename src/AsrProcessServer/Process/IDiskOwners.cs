using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.ProcessServer.Process;

/// <summary>Which machine each replicated disk belongs to. A disk never changes hands. Safe for concurrent callers.</summary>
internal interface IDiskOwners
{
    /// <summary>The machine, or null when the vault does not know the disk.</summary>
    ValueTask<Guid?> FindAsync(Guid diskId, CancellationToken cancellationToken);
}
