using System;
using System.Buffers.Binary;
using System.IO;

namespace Asr.Bench.Site;

/// <summary>What the files of a local vault weigh, by what they are for; docs/formats/segment.md says where a segment tells the size of its table.</summary>
internal static class VaultFiles
{
    private const int TrailerBytes = 64;
    private const int IndexBytesAt = 20;

    /// <summary>Bytes of all segments, and of that which says where things are: index runs and the tables of the segments.</summary>
    public static (long Stored, long Index) Weigh(string vaultPath)
    {
        long stored = 0;
        long index = 0;
        byte[] trailer = new byte[TrailerBytes];
        foreach (string path in Directory.EnumerateFiles(Path.Join(vaultPath, "disks"), "*", SearchOption.AllDirectories))
        {
            using FileStream file = File.OpenRead(path);
            if (Path.GetExtension(path) == ".idx")
            {
                index += file.Length;
            }
            else if (Path.GetExtension(path) == ".seg")
            {
                stored += file.Length;
                file.Seek(-TrailerBytes, SeekOrigin.End);
                file.ReadExactly(trailer);
                index += BinaryPrimitives.ReadInt32LittleEndian(trailer.AsSpan(IndexBytesAt));
            }
        }

        return (stored, index);
    }
}
