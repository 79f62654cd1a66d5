using System;
using System.Collections.Generic;
using System.Threading;

namespace Asr.Engine.Capture;

/// <summary>
/// Memory for captured contents of one disk, handed out from slabs of <see cref="SlabBytes"/>, so that a write costs no allocation and the bound is on
/// real memory. A slab returns when its last content is released; contents are released about in the order they were taken. Thread-safe.
/// </summary>
internal sealed class CaptureArena
{
    public const int SlabBytes = 1 << 20;

    private const int SparesMax = 16;

    private readonly Lock _gate = new();
    private readonly Stack<Slab> _spares = new();
    private readonly int _slabsMax;
    private Slab? _current;
    private int _slabs;

    public CaptureArena(long bytesMax) => _slabsMax = (int)Math.Max(4, bytesMax / SlabBytes);

    /// <summary>Memory in use.</summary>
    public long UsedBytes => (long)Volatile.Read(ref _slabs) * SlabBytes;

    /// <summary>True while catch-up may take memory: half is left to the workload's writes.</summary>
    public bool HasRoomForCatchUp => Volatile.Read(ref _slabs) < _slabsMax / 2;

    /// <summary>Takes memory, 1 to <see cref="SlabBytes"/> bytes; false when the bound is reached. Release it exactly once.</summary>
    public bool TryReserve(int length, out CaptureBuffer buffer)
    {
        lock (_gate)
        {
            if (_current is not { } slab || SlabBytes - slab.Used < length)
            {
                if (_slabs >= _slabsMax)
                {
                    buffer = default;
                    return false;
                }

                slab = _spares.TryPop(out Slab? spare) ? spare : new Slab(this);
                slab.Used = 0;
                slab.References = 0;
                _slabs++;
                if (length <= SlabBytes / 4)
                {
                    Retire();
                    _current = slab;
                    slab.References = 1;
                }

                // A large content has the slab to itself, so that it does not cut short the one that small writes are filling.
            }

            buffer = new CaptureBuffer(slab, slab.Used, length);
            slab.Used += length;
            Interlocked.Increment(ref slab.References);
            return true;
        }
    }

    private void Retire()
    {
        if (_current is { } slab && Interlocked.Decrement(ref slab.References) == 0)
        {
            Recycle(slab);
        }

        _current = null;
    }

    private void Free(Slab slab)
    {
        lock (_gate)
        {
            Recycle(slab);
        }
    }

    private void Recycle(Slab slab)
    {
        _slabs--;
        if (_spares.Count < SparesMax)
        {
            _spares.Push(slab);
        }
    }

    internal sealed class Slab(CaptureArena owner)
    {
        public readonly byte[] Bytes = GC.AllocateUninitializedArray<byte>(SlabBytes);

        // One for each content, and one while the arena still hands out from it.
        public int References;
        public int Used;

        public void Release()
        {
            if (Interlocked.Decrement(ref References) == 0)
            {
                owner.Free(this);
            }
        }
    }
}

/// <summary>A piece of a <see cref="CaptureArena"/>; the default value is no memory, which stands for zeros.</summary>
internal readonly struct CaptureBuffer(CaptureArena.Slab slab, int offset, int length)
{
    private readonly CaptureArena.Slab? _slab = slab;

    public bool IsZeros => _slab is null;

    public Memory<byte> Memory => _slab!.Bytes.AsMemory(offset, length);

    /// <summary>A part with a reference of its own: it is released separately.</summary>
    public CaptureBuffer Share(int start, int count)
    {
        Interlocked.Increment(ref _slab!.References);
        return new CaptureBuffer(_slab, offset + start, count);
    }

    public void Release() => _slab?.Release();
}
