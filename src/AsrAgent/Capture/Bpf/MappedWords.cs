using System;
using System.Runtime.InteropServices;
using System.Threading;
using Asr.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Asr.Agent.Capture.Bpf;

/// <summary>An array map of 64-bit words, mapped into this process. The kernel's programs change it at the same time.</summary>
internal sealed unsafe partial class MappedWords : SafeHandle
{
    private const int ReadAndWrite = 3;
    private const int Shared = 1;

    private readonly nuint _bytes;

    public MappedWords(SafeFileHandle map, int count)
        : base(0, ownsHandle: true)
    {
        Count = count;
        _bytes = (nuint)(((long)count * 8) + Environment.SystemPageSize - 1) & ~(nuint)(Environment.SystemPageSize - 1);
        void* address = Map(null, _bytes, ReadAndWrite, Shared, map, 0);
        if ((nint)address == -1)
        {
            throw new AsrException(
                AsrErrorCode.CaptureUnavailable,
                $"The kernel's map of {count} words cannot be mapped: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}",
                "Use Linux 5.15 or newer.");
        }

        SetHandle((nint)address);
    }

    /// <summary>Number of words.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>A word. Writes are for words that no program changes.</summary>
    public ulong this[int index]
    {
        get => Volatile.Read(ref At(index));
        set => Volatile.Write(ref At(index), value);
    }

    /// <summary>Clears bits as one step that is also a barrier; gives those that were set.</summary>
    public ulong ClearBits(int index, ulong bits) => Interlocked.And(ref At(index), ~bits) & bits;

    /// <summary>Sets bits as one step that is also a barrier; gives those that were not set.</summary>
    public ulong SetBits(int index, ulong bits) => bits & ~Interlocked.Or(ref At(index), bits);

    /// <summary>Sets every bit from <paramref name="first"/> to <paramref name="last"/>; gives the sum of those that were not set, by their values in their words.</summary>
    public ulong SetRange(long first, long last)
    {
        ulong sum = 0;
        for (long at = first; at <= last; at = (at | 63) + 1)
        {
            ulong bits = ulong.MaxValue << (int)(at & 63);
            if ((at | 63) > last)
            {
                bits &= ulong.MaxValue >> (63 - (int)(last & 63));
            }

            sum += SetBits((int)(at >> 6), bits);
        }

        return sum;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Unmap((void*)handle, _bytes) == 0;

    private ref ulong At(int index)
    {
        // Through a pointer: an index out of range would be another's memory, and what is unmapped ends the process.
        ObjectDisposedException.ThrowIf(IsClosed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return ref ((ulong*)handle)[index];
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial void* Map(void* address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(void* address, nuint length);
}
