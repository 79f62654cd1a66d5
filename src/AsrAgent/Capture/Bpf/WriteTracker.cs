using System;
using System.Diagnostics;
using System.IO;
using System.Numerics;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// Tracks the writes to one disk by programs in the kernel. What makes it complete, whatever dies or is late:
/// <list type="bullet">
/// <item>A write sets its bits when it is handed to the block layer, before it can reach the disk. Bits cannot overflow and need no process.</item>
/// <item>Before its bits a write enters the table of those under way, which it leaves when it has ended. A drain takes bits first and then looks at the
/// table: whatever it took and is not in the table had reached the disk before the drain returns. What is in the table gets its bits back, so its
/// blocks are read again. A write whose end was missed stays in the table and costs a second reading, never a hole.</item>
/// <item>The kernel counts sectors on its own. At rest both counts must agree; in between, more sectors ended than were seen to end are a doubt.</item>
/// </list>
/// </summary>
internal sealed class WriteTracker : IChangeTracker
{
    private const int ChunkWords = 1 << TrackerPrograms.ChunkWordShift;
    private const int LooksMax = 5;

    private static readonly TimeSpan RestWaitMax = TimeSpan.FromMilliseconds(100);

    /// <summary>A write that is neither in flight for the kernel nor seen to end is taken for ended after so long. Frozen file systems need no such guess.</summary>
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromSeconds(30);

    private readonly BlockDeviceFacts _disk;
    private readonly TrackerGeometry _geometry;
    private readonly PinnedTracker _kernel;
    private readonly UnderWayTable _underWay;
    private readonly ulong[] _chunk = new ulong[ChunkWords];
    private long _runFirst;
    private long _runEnd;
    private bool _hasDrained;

    // Sum of the bits set less those taken, which is what is there at rest. Null until this process has seen the disk at rest: what the one before it took is not known.
    private ulong? _sumBase;
    private ulong _takenSum;

    private WriteTracker(BlockDeviceFacts disk, TrackerGeometry geometry, PinnedTracker kernel, bool isNew)
    {
        _disk = disk;
        _geometry = geometry;
        _kernel = kernel;
        _underWay = new UnderWayTable(kernel.UnderWay);
        IsNew = isNew;
    }

    /// <inheritdoc/>
    public int BlockBytes => _geometry.BlockBytes;

    /// <inheritdoc/>
    public string DevicePath => _disk.DevicePath;

    /// <inheritdoc/>
    public bool IsNew { get; }

    /// <inheritdoc/>
    public AsrError? Limitation => null;

    /// <inheritdoc/>
    public long WrittenBytes
    {
        get
        {
            long blocks = 0;
            ForEachChunk(chunk =>
            {
                if (IsWhole(chunk))
                {
                    blocks += 1L << TrackerPrograms.ChunkBlockShift;
                }

                for (int word = FirstWord(chunk); word < EndWord(chunk); word++)
                {
                    blocks += BitOperations.PopCount(_kernel.Blocks[word]);
                }
            });
            return blocks * BlockBytes;
        }
    }

    /// <summary>Takes over the tracking of a disk that is pinned in a folder, or begins it.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="folder">Folder under a mounted bpffs, for this disk alone.</param>
    /// <param name="blockBytes">Bytes of a block, a power of two from 4 KiB to 64 KiB; 0 for what suits the disk's size.</param>
    /// <param name="layer">The block layer, for tests; null for the running kernel's.</param>
    /// <param name="programs">Makes the programs, for tests; null for the product's.</param>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.CaptureUnavailable"/>, or the disk cannot be used.</exception>
    public static WriteTracker Open(
        BlockDeviceFacts disk, string folder, int blockBytes = 0, BlockLayer? layer = null, Func<BlockLayer, TrackedDevice, int, TrackerPrograms>? programs = null)
    {
        if (disk.IsZoned)
        {
            throw new AsrException(
                AsrErrorCode.DiskUnsupported, $"Disk '{disk.DevicePath}' is zoned: where it writes is known afterwards only.", "Leave it out, or move its data to a conventional disk.", disk.DevicePath);
        }

        TrackerGeometry geometry = new(disk.Sequence, disk.SizeBytes, blockBytes == 0 ? TrackerGeometry.BlockBytesFor(disk.SizeBytes) : blockBytes);
        if (PinnedTracker.Open(folder, geometry) is { } pinned)
        {
            return new WriteTracker(disk, geometry, pinned, isNew: false);
        }

        PinnedTracker.Remove(folder);
        disk.RequireCounting();
        layer ??= BlockLayer.Of(LoadTypes());
        TrackedDevice device = new(disk.Major, disk.Minor);
        int shift = BitOperations.Log2((uint)geometry.BlockBytes);
        TrackerPrograms code = programs?.Invoke(layer, device, shift) ?? new TrackerPrograms(layer, device, shift);
        return new WriteTracker(disk, geometry, PinnedTracker.Create(folder, geometry, code, layer), isNew: true);
    }

    /// <inheritdoc/>
    public DrainOutcome Check() => new() { Loss = FindGaps(), IsDoubtful = IsDoubtful() };

    /// <inheritdoc/>
    public DrainOutcome Drain(Action<long, long> written, DiskRest rest)
    {
        long began = NowNs();
        bool isAtRest = rest != DiskRest.None && WaitForRest();
        TakeBits(written);
        bool isUnderWay = ReturnUnderWay(rest, isAtRest, began);
        DrainOutcome outcome = new() { IsUnderWay = isUnderWay || (rest != DiskRest.None && !isAtRest) };
        return isAtRest && !isUnderWay ? CheckAtRest(outcome) : outcome with { Loss = FindGaps(), IsDoubtful = IsDoubtful() };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _underWay.Dispose();
        _kernel.Dispose();
    }

    private static KernelTypes LoadTypes()
    {
        try
        {
            return KernelTypes.Load() ?? throw new AsrException(
                AsrErrorCode.CaptureUnavailable, $"This kernel shows no type information in {KernelTypes.DefaultPath}.", "Use a kernel with CONFIG_DEBUG_INFO_BTF; until then the disk is compared by hash.");
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new AsrException(AsrErrorCode.CaptureUnavailable, error.Message, "Until the kernel's type information can be read the disk is compared by hash.", null, error);
        }
    }

    // The clock that the programs read.
    private static long NowNs() => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    private bool WaitForRest()
    {
        long start = Stopwatch.GetTimestamp();
        while (_disk.InFlight.Writes != 0)
        {
            if (Stopwatch.GetElapsedTime(start) > RestWaitMax)
            {
                return false;
            }

            Thread.Sleep(0);
        }

        return true;
    }

    private void TakeBits(Action<long, long> written)
    {
        // A process that died between taking a bit of the summary and the bits below left these behind: once, all are looked at.
        if (!_hasDrained)
        {
            for (int chunk = 0; chunk < _geometry.Chunks; chunk++)
            {
                TakeChunk(chunk, written);
            }
        }
        else
        {
            for (int word = 0; word < _geometry.ChunkWords; word++)
            {
                ulong bits = _kernel.Summary[word];
                if (bits == 0)
                {
                    continue;
                }

                // The summary first: a write that comes in between sets its bit again.
                _kernel.Summary.ClearBits(word, bits);
                for (; bits != 0; bits &= bits - 1)
                {
                    TakeChunk((word * 64) + BitOperations.TrailingZeroCount(bits), written);
                }
            }
        }

        Tell(written);
        _hasDrained = true;
    }

    private void TakeChunk(int chunk, Action<long, long> written)
    {
        if (chunk >= _geometry.Chunks)
        {
            return;
        }

        if (IsWhole(chunk))
        {
            long first = (long)chunk << TrackerPrograms.ChunkBlockShift;
            Add(first, Math.Min(_geometry.Blocks, first + (1L << TrackerPrograms.ChunkBlockShift)), written);
            Tell(written);
            _kernel.WholeChunks.ClearBits(chunk >> 6, 1UL << (chunk & 63));
        }

        int from = FirstWord(chunk);
        int count = EndWord(chunk) - from;
        ulong any = 0;
        for (int i = 0; i < count; i++)
        {
            any |= _chunk[i] = _kernel.Blocks[from + i];
        }

        if (any == 0)
        {
            return;
        }

        for (int i = 0; i < count; i++)
        {
            for (ulong bits = _chunk[i]; bits != 0;)
            {
                int low = BitOperations.TrailingZeroCount(bits);
                int length = BitOperations.TrailingZeroCount(~(bits >> low));
                long first = ((long)(from + i) * 64) + low;
                Add(first, first + length, written);
                bits = low + length >= 64 ? 0 : bits & (ulong.MaxValue << (low + length));
            }
        }

        Tell(written);
        for (int i = 0; i < count; i++)
        {
            if (_chunk[i] != 0)
            {
                _takenSum += _kernel.Blocks.ClearBits(from + i, _chunk[i]);
            }
        }
    }

    // Joins runs that touch.
    private void Add(long first, long end, Action<long, long> written)
    {
        end = Math.Min(end, _geometry.Blocks);
        if (first == _runEnd && _runEnd > _runFirst)
        {
            _runEnd = end;
            return;
        }

        Tell(written);
        (_runFirst, _runEnd) = (first, end);
    }

    private void Tell(Action<long, long> written)
    {
        if (_runEnd > _runFirst)
        {
            written(_runFirst, _runEnd - _runFirst);
        }

        (_runFirst, _runEnd) = (0, 0);
    }

    // True when writes are under way.
    private bool ReturnUnderWay(DiskRest rest, bool isAtRest, long beganNs)
    {
        bool isQuiet = isAtRest || _disk.InFlight is (0, 0);
        long endedBefore = rest == DiskRest.Frozen && isAtRest ? beganNs : isQuiet ? beganNs - (long)ForgottenAfter.TotalNanoseconds : long.MinValue;
        int shift = BitOperations.Log2((uint)BlockBytes) - 9;
        bool isUnderWay = false;
        foreach ((ulong bio, WriteUnderWay write) in _underWay.Read())
        {
            if (write.BeganNs < endedBefore)
            {
                _underWay.NoteEnded(bio, write);
                continue;
            }

            isUnderWay = true;
            long first = write.Sector >> shift;
            long last = Math.Min(_geometry.Blocks - 1, (write.Sector + Math.Max(0, (write.Length >> 9) - 1L)) >> shift);
            if (first <= last)
            {
                _takenSum -= _kernel.Blocks.SetRange(first, last);
                _kernel.Summary.SetRange(first >> TrackerPrograms.ChunkBlockShift, last >> TrackerPrograms.ChunkBlockShift);
            }
        }

        return isUnderWay;
    }

    private string? FindGaps()
    {
        long misses = _kernel.Misses;
        long gaps = Read(Counter.NotFollowed) + Read(Counter.NotPlaced) + Read(Counter.PassedBy);
        long newMisses = misses - Read(Counter.KnownMisses);
        long newGaps = gaps - Read(Counter.KnownGaps);
        Write(Counter.KnownMisses, misses);
        Write(Counter.KnownGaps, gaps);
        return newMisses > 0 ? $"The kernel skipped the tracking of {newMisses} operations."
            : newGaps > 0 ? $"{newGaps} operations changed the disk in a way that cannot be tracked."
            : null;
    }

    private DrainOutcome CheckAtRest(DrainOutcome outcome)
    {
        // The kernel's count first: what it counts and the programs could not track has its reason among the gaps by then.
        (long written, long discarded) = _disk.EndedSectors;
        string? gaps = FindGaps();
        long writtenBase = written - (Read(Counter.WrittenSectors) - Read(Counter.WriteReturnedSectors));
        long discardedBase = discarded - (Read(Counter.DiscardedSectors) - Read(Counter.DiscardReturnedSectors));
        bool isFirst = Read(Counter.IsSettled) == 0;
        ulong sum = BitsLost();
        bool areBitsLost = _sumBase is { } sumBase && sum != sumBase;
        _sumBase = sum;
        long missed = Math.Max(0, writtenBase - Read(Counter.WrittenBase)) + Math.Max(0, discardedBase - Read(Counter.DiscardedBase));
        Write(Counter.WrittenBase, writtenBase);
        Write(Counter.DiscardedBase, discardedBase);
        Write(Counter.EndedBase, written + discarded - Ended());
        Write(Counter.IsSettled, 1);
        return outcome with
        {
            IsFirstRest = isFirst,
            Loss = gaps
                ?? (areBitsLost ? "Not all that was noted of writes was found." : null)
                ?? (isFirst || missed == 0 ? null : $"The kernel counts {missed} more sectors written than were tracked."),
        };
    }

    // What was set less what was taken less what is there: the same at every rest, unless a bit has vanished.
    private ulong BitsLost()
    {
        ulong there = 0;
        ForEachChunk(chunk =>
        {
            for (int word = FirstWord(chunk); word < EndWord(chunk); word++)
            {
                there += _kernel.Blocks[word];
            }
        });
        return _kernel.Counters[(int)Counter.SetSum] - _takenSum - there;
    }

    // Like the check at rest, but only a difference that stays while nothing is set means anything.
    private bool AreBitsDoubtful()
    {
        for (int look = 0; look < LooksMax && _sumBase is not null; look++)
        {
            long before = Read(Counter.SetSum);
            if (BitsLost() == _sumBase)
            {
                return false;
            }

            if (Read(Counter.SetSum) == before && look == LooksMax - 1)
            {
                return true;
            }

            Thread.Sleep(1);
        }

        return false;
    }

    private bool IsDoubtful()
    {
        if (Read(Counter.IsSettled) == 0)
        {
            return false;
        }

        if (AreBitsDoubtful())
        {
            return true;
        }

        for (int look = 0; look < LooksMax; look++)
        {
            // The kernel's count first: what ends in between makes ours the larger one.
            (long written, long discarded) = _disk.EndedSectors;
            if (written + discarded - Ended() <= Read(Counter.EndedBase))
            {
                return false;
            }

            // A write is counted a moment before its end is seen.
            Thread.Sleep(1);
        }

        return true;
    }

    private long Ended() =>
        Read(Counter.WriteDoneSectors) + Read(Counter.DiscardDoneSectors) + Read(Counter.WriteFailedSectors) + Read(Counter.DiscardFailedSectors);

    private void ForEachChunk(Action<int> look)
    {
        for (int word = 0; word < _geometry.ChunkWords; word++)
        {
            for (ulong bits = _kernel.Summary[word]; bits != 0; bits &= bits - 1)
            {
                int chunk = (word * 64) + BitOperations.TrailingZeroCount(bits);
                if (chunk < _geometry.Chunks)
                {
                    look(chunk);
                }
            }
        }
    }

    private bool IsWhole(int chunk) => (_kernel.WholeChunks[chunk >> 6] >> (chunk & 63) & 1) != 0;

    private static int FirstWord(int chunk) => chunk << TrackerPrograms.ChunkWordShift;

    private int EndWord(int chunk) => Math.Min(_geometry.BlockWords, FirstWord(chunk) + ChunkWords);

    private long Read(Counter counter) => (long)_kernel.Counters[(int)counter];

    private void Write(Counter counter, long value) => _kernel.Counters[(int)counter] = (ulong)value;
}
