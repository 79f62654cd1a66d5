using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Hashing;
using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Microsoft.Win32.SafeHandles;

namespace Asr.Engine.Capture;

/// <summary>
/// <see cref="IActivityLog"/> in a memory-mapped file: a mark is one store into the page cache, which outlives this process, so it
/// needs no system call. Headers go to two slots in turn and are fsynced, so one of them is whole after any crash. One process at a time:
/// the file is locked while open. Dispose without <see cref="CloseCleanly"/> leaves what a crash would leave.
/// </summary>
public sealed unsafe partial class ActivityLog : IActivityLog
{
    private readonly SafeFileHandle _file;
    private readonly IChangeStamped? _source;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _base;
    private readonly ulong* _words;
    private readonly long _regions;

    // Between the mapping's users and its end only: a store after that would end the process, not raise an error.
    private readonly Lock _mapping = new();
    private bool _isDisposed;
    private ActivityLogHeader _header;

    private ActivityLog(SafeFileHandle file, ActivityLogHeader header, ActivityLogState openedAs, IChangeStamped? source)
    {
        _source = source;
        _file = file;
        _header = header;
        OpenedAs = openedAs;
        _regions = RegionCount(header.DiskBytes);
        _map = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor();
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _base = start + _view.PointerOffset;
        _words = (ulong*)(_base + BitsAt);
    }

    /// <inheritdoc/>
    public int RegionBytes => _header.RegionBytes;

    /// <inheritdoc/>
    public ActivityLogState OpenedAs { get; }

    /// <inheritdoc/>
    public StreamPosition Position
    {
        get
        {
            using Lock.Scope mapped = Enter();
            return new StreamPosition(_header.Epoch, *(long*)(_base + SequenceAt));
        }
    }

    /// <inheritdoc/>
    public Guid SessionNonce => _header.SessionNonce;

    /// <inheritdoc/>
    public long ResynchronizeGeneration => _header.ResynchronizeGeneration;

    /// <inheritdoc/>
    public bool IsBeingRestored => _header.IsBeingRestored;

    private Span<byte> Content => new(_base + SequenceAt, checked((int)(FileBytes(_header.DiskBytes) - SequenceAt)));

    private Span<ulong> Words => new(_words, checked((int)((_regions + 63) / 64)));

    /// <inheritdoc/>
    public void Mark(long region)
    {
        CheckRegion(region);
        using Lock.Scope mapped = Enter();
        _words[region >> 6] |= 1UL << (int)(region & 63);
    }

    /// <inheritdoc/>
    public void Clear(long region)
    {
        CheckRegion(region);
        using Lock.Scope mapped = Enter();
        _words[region >> 6] &= ~(1UL << (int)(region & 63));
    }

    /// <inheritdoc/>
    public void MarkAll()
    {
        using Lock.Scope mapped = Enter();
        Words.Fill(ulong.MaxValue);
        if ((_regions & 63) != 0)
        {
            Words[^1] = (1UL << (int)(_regions & 63)) - 1;
        }
    }

    /// <inheritdoc/>
    public void ClearAll()
    {
        using Lock.Scope mapped = Enter();
        Words.Clear();
    }

    /// <inheritdoc/>
    public IEnumerable<long> EnumerateMarked()
    {
        for (int word = 0; word < (_regions + 63) / 64; word++)
        {
            for (ulong bits = WordAt(word); bits != 0; bits &= bits - 1)
            {
                yield return ((long)word << 6) + BitOperations.TrailingZeroCount(bits);
            }
        }
    }

    /// <inheritdoc/>
    public void Advance(long vaultSequence)
    {
        using Lock.Scope mapped = Enter();
        *(long*)(_base + SequenceAt) = vaultSequence;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The header goes first. A crash between the two leaves the new epoch with the old sequence; every caller has marked what differs from the new
    /// position beforehand, so that pair claims nothing untrue.
    /// </remarks>
    public void SetPosition(StreamPosition position)
    {
        WriteHeader(_header with { Epoch = position.Epoch, SessionNonce = Guid.NewGuid() });
        Advance(position.Sequence);
    }

    /// <inheritdoc/>
    public void SetResynchronizeGeneration(long generation) => WriteHeader(_header with { ResynchronizeGeneration = generation });

    /// <inheritdoc/>
    public void SetBeingRestored(bool isBeingRestored) => WriteHeader(_header with { IsBeingRestored = isBeingRestored });

    /// <inheritdoc/>
    public void CloseCleanly()
    {
        using Lock.Scope mapped = Enter();
        _view.Flush();
        WriteHeader(_header with { IsClean = true, ContentHash = XxHash3.HashToUInt64(Content), SourceStamp = _source?.ReadStamp() ?? 0 });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using Lock.Scope mapped = _mapping.EnterScope();
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
        _file.Dispose();
    }

    private ulong WordAt(int word)
    {
        using Lock.Scope mapped = Enter();
        return _words[word];
    }

    private Lock.Scope Enter()
    {
        Lock.Scope scope = _mapping.EnterScope();
        if (_isDisposed)
        {
            scope.Dispose();
            throw new ObjectDisposedException(nameof(ActivityLog));
        }

        return scope;
    }

    private void CheckRegion(long region)
    {
        // A store through a pointer: an index out of range would damage memory, not raise an error.
        if ((ulong)region >= (ulong)_regions)
        {
            throw new ArgumentOutOfRangeException(nameof(region), region, $"The disk has {_regions} regions.");
        }
    }

    private void WriteHeader(in ActivityLogHeader next)
    {
        _header = next with { Generation = _header.Generation + 1 };
        Span<byte> slot = stackalloc byte[ActivityLogHeader.Bytes];
        _header.Write(slot);
        RandomAccess.Write(_file, slot, (_header.Generation & 1) * SlotBytes);
        RandomAccess.FlushToDisk(_file);
    }
}
