using System;
using System.Collections.Generic;

namespace Asr.Engine.Blocks;

/// <summary>Finds zeros in data, vectorised by the runtime. Data that is not zero usually costs one cache line.</summary>
public static class ZeroDetector
{
    /// <summary>True when every byte is zero; true for an empty span.</summary>
    public static bool IsZero(ReadOnlySpan<byte> data) => !data.ContainsAnyExcept((byte)0);

    /// <summary>
    /// Splits data into adjacent runs of <see cref="ExtentKind.Data"/> and <see cref="ExtentKind.Zero"/>, counted in whole blocks from the
    /// start of the span (the last block may be short). Offsets are relative to the span.
    /// </summary>
    public static void Split(ReadOnlySpan<byte> data, int blockBytes, List<BlockExtent> extents)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockBytes);
        extents.Clear();
        for (int start = 0; start < data.Length; start += blockBytes)
        {
            int length = Math.Min(blockBytes, data.Length - start);
            ExtentKind kind = IsZero(data.Slice(start, length)) ? ExtentKind.Zero : ExtentKind.Data;
            BlockExtents.Append(extents, new BlockExtent(start, length, kind));
        }
    }
}
