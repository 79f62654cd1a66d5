using System;
using System.Runtime.InteropServices;

namespace Asr.Engine.Blocks;

/// <summary>Memory at a page's boundary, as direct I/O needs it. Disposed by its one owner.</summary>
internal sealed unsafe class AlignedBuffer : IDisposable
{
    /// <summary>Alignment in bytes; also the largest logical sector that is supported.</summary>
    public const int Alignment = 4096;

    private byte* _start;

    /// <param name="length">Bytes.</param>
    /// <param name="isLocked">True to keep it in memory, so that touching it never waits for a disk. Best effort: without the right to lock it is not.</param>
    public AlignedBuffer(int length, bool isLocked = false)
    {
        Length = length;
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)length, Alignment);
        if (isLocked)
        {
            // What is locked must exist: the first touch of a page is a fault of its own.
            new Span<byte>(_start, length).Clear();
            _ = LibC.LockMemory(_start, (nuint)length);
        }
    }

    public int Length { get; }

    public byte* Start => _start != null ? _start : throw new ObjectDisposedException(nameof(AlignedBuffer));

    public Span<byte> Span => new(Start, Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}
