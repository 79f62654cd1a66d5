using System;
using System.Collections.Concurrent;
using System.IO;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Vault.Local;

/// <summary>
/// Writes large objects past the page cache. They are synced at once and seldom read soon: the kernel's copy of them costs more processor time than their
/// encryption, and pushes out what others read. Thread-safe.
/// </summary>
internal static class UncachedWriter
{
    /// <summary>Objects from this size on; a smaller one is not worth the calls.</summary>
    public const int BytesMin = 256 << 10;

    // What every medium in use accepts for O_DIRECT, in memory, offset and length.
    private const int AlignmentBytes = 4096;
    private const int PieceBytes = 1 << 20;
    private const int SparesMax = 16;

    private static readonly ConcurrentBag<byte[]> s_spares = [];

    /// <summary>Writes the content of a new, empty file, by the page cache what cannot go past it. Not durable until it is synced.</summary>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> content, string path)
    {
        int direct = content.Length / AlignmentBytes * AlignmentBytes;
        if (!NativeFile.TrySetDirect(file, path, true))
        {
            // The file system (tmpfs, some FUSE) has nothing but a cache.
            RandomAccess.Write(file, content, 0);
            return;
        }

        byte[] spare = s_spares.TryTake(out byte[]? kept) ? kept : GC.AllocateUninitializedArray<byte>(PieceBytes + AlignmentBytes, pinned: true);
        Span<byte> piece = Aligned(spare);
        for (int at = 0; at < direct; at += PieceBytes)
        {
            ReadOnlySpan<byte> part = content[at..Math.Min(direct, at + PieceBytes)];
            part.CopyTo(piece);
            RandomAccess.Write(file, piece[..part.Length], at);
        }

        if (s_spares.Count < SparesMax)
        {
            s_spares.Add(spare);
        }

        if (direct < content.Length)
        {
            NativeFile.TrySetDirect(file, path, false);
            RandomAccess.Write(file, content[direct..], direct);
        }
    }

    private static unsafe Span<byte> Aligned(byte[] pinned)
    {
        nint address = (nint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));
        return pinned.AsSpan((int)(-address & (AlignmentBytes - 1)), PieceBytes);
    }
}
