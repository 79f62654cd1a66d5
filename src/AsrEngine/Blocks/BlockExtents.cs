using System;
using System.Collections.Generic;

namespace Asr.Engine.Blocks;

/// <summary>Builds and trims lists of adjacent extents.</summary>
public static class BlockExtents
{
    /// <summary>Appends an extent that starts where the list ends; one of the same kind as the last is merged into it. Empty ones vanish.</summary>
    /// <exception cref="ArgumentException">The extent does not start where the list ends.</exception>
    public static void Append(List<BlockExtent> extents, BlockExtent next)
    {
        if (next.Length == 0)
        {
            return;
        }

        if (extents.Count > 0)
        {
            BlockExtent last = extents[^1];
            if (last.End != next.Offset)
            {
                throw new ArgumentException($"Extent at {next.Offset} does not follow the one that ends at {last.End}.", nameof(next));
            }

            if (last.Kind == next.Kind)
            {
                extents[^1] = last with { Length = last.Length + next.Length };
                return;
            }
        }

        extents.Add(next);
    }

    /// <summary>The part of <paramref name="extent"/> inside <c>[offset, offset + length)</c>; its length is 0 when there is none.</summary>
    public static BlockExtent Clip(BlockExtent extent, long offset, long length)
    {
        long start = Math.Max(extent.Offset, offset);
        long end = Math.Min(extent.End, offset + length);
        return new BlockExtent(start, Math.Max(0, end - start), extent.Kind);
    }

    /// <summary>Clips every extent of <paramref name="source"/> to the range, moves it by <paramref name="shift"/> bytes and appends it, merged.</summary>
    public static void AppendClipped(List<BlockExtent> target, IReadOnlyList<BlockExtent> source, long offset, long length, long shift = 0)
    {
        for (int i = 0; i < source.Count; i++)
        {
            BlockExtent part = Clip(source[i], offset, length);
            Append(target, part with { Offset = part.Offset + shift });
        }
    }
}
