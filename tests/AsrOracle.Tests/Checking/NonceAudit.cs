using System;
using System.Collections.Generic;
using System.IO;
using Asr.Engine.Segments;
using Asr.Tests.Shared;

namespace Asr.Oracle.Tests.Checking;

/// <summary>
/// No two sealed objects of one disk, epoch and salt, hence under one key, may have used the same nonce: with GCM that would give the content away.
/// Nothing that is read back would show it, so the stored objects are looked at.
/// </summary>
internal static class NonceAudit
{
    public static IEnumerable<string> Check(SimulatedFileLayer files)
    {
        Dictionary<string, List<(ulong First, ulong Last, string Path)>> used = [];
        foreach (string path in files.Files)
        {
            if (Path.GetExtension(path) is not (".seg" or ".idx" or ".pak")
                || files.ReadAll(path, int.MaxValue) is not { Length: > SegmentTrailer.Bytes } content
                || !SegmentTrailer.TryRead(content.AsSpan(^SegmentTrailer.Bytes..), out SegmentTrailer trailer, out _))
            {
                continue;
            }

            string key = $"{Path.GetDirectoryName(path)} {trailer.Salt}";
            List<(ulong First, ulong Last, string Path)> ranges = used.TryGetValue(key, out var known) ? known : used[key] = [];
            ulong last = trailer.NonceBase + (ulong)trailer.Count;
            foreach ((ulong First, ulong Last, string Path) other in ranges)
            {
                if (trailer.NonceBase <= other.Last && other.First <= last)
                {
                    yield return $"{path} and {other.Path} share nonces";
                }
            }

            ranges.Add((trailer.NonceBase, last, path));
        }
    }
}
