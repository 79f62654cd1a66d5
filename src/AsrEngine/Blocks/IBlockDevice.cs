using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Blocks;

/// <summary>
/// Random access to a disk: an image file, a raw device, a recovery point or an NBD export.
/// Offsets and lengths are bytes. Calls outside <c>[0, Length)</c> throw <see cref="ArgumentOutOfRangeException"/>.
/// Safe for concurrent callers; overlapping concurrent writes have no defined order, callers that need one serialise them.
/// The caller keeps every buffer; the device does not touch it after the returned task ends.
/// </summary>
public interface IBlockDevice : IAsyncDisposable
{
    /// <summary>Size of the disk in bytes, a multiple of 512, constant while the device is open.</summary>
    long Length { get; }

    /// <summary>True when the device refuses every change with <see cref="Asr.Contracts.AsrErrorCode.DiskReadOnly"/>.</summary>
    bool IsReadOnly { get; }

    /// <summary>Fills the whole buffer from <paramref name="offset"/>.</summary>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Writes the whole buffer at <paramref name="offset"/>. Volatile until <see cref="FlushAsync"/> ends.</summary>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the range read as zeros. With <paramref name="punchHole"/> the storage may be released, else it stays allocated
    /// where the medium can tell the difference. TRIM is this call with <paramref name="punchHole"/> true.
    /// </summary>
    ValueTask ZeroAsync(long offset, long length, bool punchHole, CancellationToken cancellationToken);

    /// <summary>Returns once every write that ended before this call is on stable storage.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Describes <paramref name="length"/> bytes from <paramref name="offset"/> as adjacent extents in order, covering the range exactly.
    /// A device that cannot tell reports one <see cref="ExtentKind.Data"/> extent.
    /// </summary>
    ValueTask<IReadOnlyList<BlockExtent>> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken);
}

/// <summary>What a range of a disk holds.</summary>
public enum ExtentKind
{
    /// <summary>Allocated, content unknown until read.</summary>
    Data,

    /// <summary>Allocated, known to read as zeros.</summary>
    Zero,

    /// <summary>Not allocated, reads as zeros.</summary>
    Hole,
}

/// <summary>A run of bytes of one kind.</summary>
/// <param name="Offset">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="Kind">What the run holds.</param>
public readonly record struct BlockExtent(long Offset, long Length, ExtentKind Kind)
{
    /// <summary>First byte after the run.</summary>
    public long End => Offset + Length;
}
