using System.Runtime.CompilerServices;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Index;

/// <summary>Pages of index runs that were read lately, of all disks. Safe for concurrent callers.</summary>
internal sealed class IndexPageCache(long bytesMax) : BoundedCache<(SegmentName Part, int Page), Extent[]>(bytesMax)
{
    /// <summary>Roughly what a page takes in memory.</summary>
    public static long CostOf(Extent[] extents) => 256 + ((long)Unsafe.SizeOf<Extent>() * extents.Length);
}
