using System;

namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// The programs that run in the kernel for one disk, written for the kernel at hand. They allocate nothing, wait for nothing and cannot overflow anything:
/// a write sets bits, and a table of those under way says which blocks may still change.
/// </summary>
internal class TrackerPrograms(BlockLayer layer, TrackedDevice device, int blockShift)
{
    /// <summary>Words of the bitmap under one bit of the summary.</summary>
    public const int ChunkWordShift = 6;

    /// <summary>Blocks under one bit of the summary.</summary>
    public const int ChunkBlockShift = ChunkWordShift + 6;

    /// <summary>
    /// Words a single operation sets bit by bit; of a longer one the chunks it touches are marked as a whole. It bounds the loop for the kernel's verifier;
    /// only discards and zeroing are that long.
    /// </summary>
    private const int WordsMax = 128;

    private const int ChunkWordsMax = 16;

    /// <summary>Bios of one request that are looked at; the ends of more are missed.</summary>
    private const int BiosMax = 256;

    private const int OperationMask = 0xFF;
    private const int OperationWrite = 1;
    private const int OperationDiscard = 3;
    private const int StatusAgain = 12;
    private const int SectorShift = 9;

    // On the stack: the key, then the value of the table of writes under way, then what the loops need.
    private const int KeyAt = -8;
    private const int ValueAt = -8 - WriteUnderWay.Bytes;
    private const int FirstAt = ValueAt - 8;
    private const int LastAt = ValueAt - 16;
    private const int MaskAt = ValueAt - 24;
    private const int IndexAt = ValueAt - 32;
    private const int SlotAt = ValueAt - 40;
    private const int LengthAt = ValueAt - 48;
    private const int OperationAt = ValueAt - 56;

    /// <summary>Runs when a bio is handed to the block layer, before it can reach the disk.</summary>
    public virtual ulong[] OnQueue(TrackerMaps maps)
    {
        BpfAssembler code = new();
        Label exit = new();
        Label marks = new();
        Label wide = new();
        code.Load(Register.R6, Register.R1, layer.Queue.Argument * 8, Width.Double);
        code.Load(Register.R2, Register.R6, layer.BioDevice, Width.Double);
        if (layer.DeviceDisk is { } disk)
        {
            code.Load(Register.R2, Register.R2, disk, Width.Double);
        }

        LeaveUnlessOurs(code, Register.R2, exit);
        code.Load(Register.R7, Register.R6, layer.BioOperation, Width.Word);
        code.Calculate(Operation.And, Register.R7, OperationMask);

        // Every operation that changes the medium is odd (blk_types.h: "data to the device").
        code.Calculate(Operation.Move, Register.R2, Register.R7);
        code.Calculate(Operation.And, Register.R2, 1);
        code.JumpIf(Comparison.Equal, Register.R2, 0, exit);
        code.Load(Register.R8, Register.R6, layer.BioBytes, Width.Word);
        code.Load(Register.R9, Register.R6, layer.BioSector, Width.Double);
        RefuseUnplaced(code, maps, exit);

        // Into the table first: whoever takes the bits that follow and then looks at the table finds the write there, unless it has ended.
        code.Store(Register.R10, KeyAt, Register.R6, Width.Double);
        code.Store(Register.R10, ValueAt + WriteUnderWay.SectorAt, Register.R9, Width.Double);
        code.Store(Register.R10, ValueAt + WriteUnderWay.BytesAt, Register.R8, Width.Word);
        code.Store(Register.R10, ValueAt + WriteUnderWay.OperationAt, Register.R7, Width.Word);
        code.Store(Register.R10, ValueAt + WriteUnderWay.LeftAt, Register.R8, Width.Double);
        code.Call(Helper.Clock);
        code.Store(Register.R10, ValueAt, Register.R0, Width.Double);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        PointAt(code, Register.R3, ValueAt);
        code.Calculate(Operation.Move, Register.R4, 0);
        code.Call(Helper.MapUpdate);
        Label followed = new();
        code.JumpIf(Comparison.Equal, Register.R0, 0, followed);
        Count(code, maps, Counter.NotFollowed, 1);
        code.Mark(followed);

        CountSectors(code, maps, Counter.WrittenSectors, Counter.DiscardedSectors);
        code.Calculate(Operation.Move, Register.R2, Register.R8);
        code.Calculate(Operation.ShiftRight, Register.R2, SectorShift);
        code.Calculate(Operation.Add, Register.R2, Register.R9);
        code.Calculate(Operation.Subtract, Register.R2, 1);
        code.Calculate(Operation.ShiftRight, Register.R9, blockShift - SectorShift);
        code.Calculate(Operation.ShiftRight, Register.R2, blockShift - SectorShift);
        code.Store(Register.R10, FirstAt, Register.R9, Width.Double);
        code.Store(Register.R10, LastAt, Register.R2, Width.Double);
        code.Calculate(Operation.Subtract, Register.R2, Register.R9);
        code.JumpIf(Comparison.Greater, Register.R2, (WordsMax - 1) * 64, wide);

        // The blocks before the summary, which says where to look for them.
        SetBits(code, maps, maps.Blocks, 0, WordsMax);
        code.Jump(marks);
        code.Mark(wide);
        SetBits(code, maps, maps.WholeChunks, ChunkBlockShift, ChunkWordsMax);
        code.Mark(marks);
        SetBits(code, maps, maps.Summary, ChunkBlockShift, ChunkWordsMax);
        code.Mark(exit);
        return Finish(code);
    }

    /// <summary>
    /// Runs when a request has ended, or a part of it. A bio may have been split: then its parts, which name it, take off what it has left.
    /// Nothing relies on this: what it misses stays under way for longer.
    /// </summary>
    public virtual ulong[] OnRequestComplete(TrackerMaps maps)
    {
        BpfAssembler code = new();
        Label exit = new();
        Label loop = new();
        Label next = new();
        Label found = new();
        Label fits = new();
        Label count = new();
        code.Load(Register.R6, Register.R1, layer.RequestComplete.Argument * 8, Width.Double);
        code.Load(Register.R8, Register.R1, (layer.RequestComplete.Argument + 2) * 8, Width.Word);
        code.Load(Register.R2, Register.R6, layer.RequestOperation, Width.Word);
        code.Calculate(Operation.And, Register.R2, 1);
        code.JumpIf(Comparison.Equal, Register.R2, 0, exit);
        code.Load(Register.R2, Register.R6, layer.RequestQueue, Width.Double);
        code.Load(Register.R2, Register.R2, layer.QueueDisk, Width.Double);
        LeaveUnlessOurs(code, Register.R2, exit);
        code.Load(Register.R7, Register.R6, layer.RequestBio, Width.Double);
        code.Calculate(Operation.Move, Register.R9, 0);
        code.Mark(loop);
        code.JumpIf(Comparison.Equal, Register.R7, 0, exit);
        code.JumpIf(Comparison.Equal, Register.R8, 0, exit);
        code.JumpIf(Comparison.Greater, Register.R9, BiosMax, exit);
        code.Calculate(Operation.Add, Register.R9, 1);
        code.Load(Register.R2, Register.R7, layer.BioBytes, Width.Word);
        code.JumpIf(Comparison.LessOrEqual, Register.R2, Register.R8, fits);
        code.Calculate(Operation.Move, Register.R2, Register.R8);
        code.Mark(fits);
        code.Calculate(Operation.Subtract, Register.R8, Register.R2);
        code.Store(Register.R10, LengthAt, Register.R2, Width.Double);
        code.Store(Register.R10, KeyAt, Register.R7, Width.Double);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.NotEqual, Register.R0, 0, found);
        code.Load(Register.R1, Register.R7, layer.BioPrivate, Width.Double);
        code.Store(Register.R10, KeyAt, Register.R1, Width.Double);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.Equal, Register.R0, 0, next);
        code.Mark(found);
        code.Load(Register.R2, Register.R0, WriteUnderWay.OperationAt, Width.Word);
        code.Store(Register.R10, OperationAt, Register.R2, Width.Double);
        code.Load(Register.R3, Register.R10, LengthAt, Width.Double);
        code.Calculate(Operation.Move, Register.R2, 0);
        code.Calculate(Operation.Subtract, Register.R2, Register.R3);
        code.AtomicFetchAdd(Register.R0, WriteUnderWay.LeftAt, Register.R2);
        code.JumpIf(Comparison.NotEqual, Register.R2, Register.R3, count);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        code.Call(Helper.MapDelete);
        code.Mark(count);
        code.Store(Register.R10, FirstAt, Register.R8, Width.Double);
        code.Store(Register.R10, LastAt, Register.R7, Width.Double);
        code.Load(Register.R7, Register.R10, OperationAt, Width.Double);
        code.Load(Register.R8, Register.R10, LengthAt, Width.Double);
        CountSectors(code, maps, Counter.WriteDoneSectors, Counter.DiscardDoneSectors);
        code.Load(Register.R8, Register.R10, FirstAt, Width.Double);
        code.Load(Register.R7, Register.R10, LastAt, Width.Double);
        code.Mark(next);
        code.Load(Register.R7, Register.R7, layer.BioNext, Width.Double);
        code.Jump(loop);
        code.Mark(exit);
        return Finish(code);
    }

    /// <summary>Runs when a bio has ended that was no part of a request. Nothing relies on its being run.</summary>
    public ulong[] OnComplete(TrackerMaps maps)
    {
        BpfAssembler code = new();
        Label exit = new();
        code.Load(Register.R6, Register.R1, layer.Complete.Argument * 8, Width.Double);
        code.Store(Register.R10, KeyAt, Register.R6, Width.Double);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.Equal, Register.R0, 0, exit);
        code.Load(Register.R8, Register.R0, WriteUnderWay.BytesAt, Width.Word);
        code.Load(Register.R7, Register.R0, WriteUnderWay.OperationAt, Width.Word);
        code.Load(Register.R9, Register.R6, layer.BioStatus, Width.Byte);
        code.LoadMap(Register.R1, maps.UnderWay);
        PointAt(code, Register.R2, KeyAt);
        code.Call(Helper.MapDelete);
        Label failed = new();
        Label returned = new();
        code.JumpIf(Comparison.Equal, Register.R9, StatusAgain, returned);
        code.JumpIf(Comparison.NotEqual, Register.R9, 0, failed);
        CountSectors(code, maps, Counter.WriteDoneSectors, Counter.DiscardDoneSectors);
        code.Jump(exit);
        code.Mark(returned);
        CountSectors(code, maps, Counter.WriteReturnedSectors, Counter.DiscardReturnedSectors);
        code.Jump(exit);
        code.Mark(failed);
        CountSectors(code, maps, Counter.WriteFailedSectors, Counter.DiscardFailedSectors);
        code.Mark(exit);
        return Finish(code);
    }

    /// <summary>Runs when a request goes to the driver: commands that pass the block layer by never were a bio.</summary>
    public ulong[] OnIssue(TrackerMaps maps)
    {
        BpfAssembler code = new();
        Label exit = new();
        code.Load(Register.R6, Register.R1, layer.Issue.Argument * 8, Width.Double);
        code.Load(Register.R2, Register.R6, layer.RequestOperation, Width.Word);
        code.Calculate(Operation.And, Register.R2, OperationMask);
        code.JumpIf(Comparison.NotEqual, Register.R2, layer.DriverOut, exit);
        code.Load(Register.R2, Register.R6, layer.RequestQueue, Width.Double);
        code.Load(Register.R2, Register.R2, layer.QueueDisk, Width.Double);
        LeaveUnlessOurs(code, Register.R2, exit);
        Count(code, maps, Counter.PassedBy, 1);
        code.Mark(exit);
        return Finish(code);
    }

    // A write without content is a flush. Anything else without an extent changes a place that is not told.
    private void RefuseUnplaced(BpfAssembler code, TrackerMaps maps, Label exit)
    {
        Label placed = new();
        Label unplaced = new();
        code.JumpIf(Comparison.Equal, Register.R7, layer.ZoneAppend, unplaced);
        code.JumpIf(Comparison.NotEqual, Register.R8, 0, placed);
        code.JumpIf(Comparison.Equal, Register.R7, OperationWrite, exit);
        code.Mark(unplaced);
        Count(code, maps, Counter.NotPlaced, 1);
        code.Jump(exit);
        code.Mark(placed);
    }

    private void LeaveUnlessOurs(BpfAssembler code, Register disk, Label exit)
    {
        code.Load(Register.R3, disk, layer.DiskMajor, Width.Word);
        code.JumpIf(Comparison.NotEqual, Register.R3, device.Major, exit);
        code.Load(Register.R3, disk, layer.DiskMinor, Width.Word);
        code.JumpIf(Comparison.NotEqual, Register.R3, device.Minor, exit);
    }

    // Sets the bits from first to last, both shifted, word by word. What is new in a word of the blocks goes into their sum.
    private static void SetBits(BpfAssembler code, TrackerMaps maps, int map, int shift, int wordsMax)
    {
        Label loop = new();
        Label done = new();
        Label whole = new();
        code.Load(Register.R7, Register.R10, FirstAt, Width.Double);
        code.Load(Register.R8, Register.R10, LastAt, Width.Double);
        code.Calculate(Operation.ShiftRight, Register.R7, shift);
        code.Calculate(Operation.ShiftRight, Register.R8, shift);
        code.Calculate(Operation.Move, Register.R9, 0);
        code.Mark(loop);
        code.JumpIf(Comparison.Greater, Register.R7, Register.R8, done);
        code.JumpIf(Comparison.Greater, Register.R9, wordsMax, done);
        code.Calculate(Operation.Add, Register.R9, 1);
        code.Calculate(Operation.Move, Register.R1, Register.R7);
        code.Calculate(Operation.And, Register.R1, 63);
        code.Calculate(Operation.Move, Register.R2, -1);
        code.Calculate(Operation.ShiftLeft, Register.R2, Register.R1);
        code.Calculate(Operation.Move, Register.R3, Register.R7);
        code.Calculate(Operation.Or, Register.R3, 63);
        code.JumpIf(Comparison.LessOrEqual, Register.R3, Register.R8, whole);
        code.Calculate(Operation.Move, Register.R4, Register.R8);
        code.Calculate(Operation.And, Register.R4, 63);
        code.Calculate(Operation.Move, Register.R5, 63);
        code.Calculate(Operation.Subtract, Register.R5, Register.R4);
        code.Calculate(Operation.Move, Register.R4, -1);
        code.Calculate(Operation.ShiftRight, Register.R4, Register.R5);
        code.Calculate(Operation.And, Register.R2, Register.R4);
        code.Mark(whole);
        code.Store(Register.R10, MaskAt, Register.R2, Width.Double);
        code.Calculate(Operation.ShiftRight, Register.R7, 6);
        code.Store(Register.R10, IndexAt, Register.R7, Width.Word);
        code.Calculate(Operation.Move, Register.R7, Register.R3);
        code.Calculate(Operation.Add, Register.R7, 1);
        code.LoadMap(Register.R1, map);
        PointAt(code, Register.R2, IndexAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.Equal, Register.R0, 0, done);
        code.Load(Register.R2, Register.R10, MaskAt, Width.Double);
        code.AtomicFetchOr(Register.R0, 0, Register.R2);
        if (map == maps.Blocks)
        {
            code.Load(Register.R3, Register.R10, MaskAt, Width.Double);
            code.Calculate(Operation.Xor, Register.R2, -1);
            code.Calculate(Operation.And, Register.R2, Register.R3);
            code.JumpIf(Comparison.Equal, Register.R2, 0, loop);
            code.Store(Register.R10, MaskAt, Register.R2, Width.Double);
            code.StoreImmediate(Register.R10, SlotAt, (int)Counter.SetSum, Width.Word);
            code.LoadMap(Register.R1, maps.Counters);
            PointAt(code, Register.R2, SlotAt);
            code.Call(Helper.MapLookUp);
            code.JumpIf(Comparison.Equal, Register.R0, 0, done);
            code.Load(Register.R2, Register.R10, MaskAt, Width.Double);
            code.AtomicAdd(Register.R0, 0, Register.R2);
        }

        code.Jump(loop);
        code.Mark(done);
    }

    // Adds the sectors of the bytes in R8 to one of two counters, by the operation in R7.
    private static void CountSectors(BpfAssembler code, TrackerMaps maps, Counter ofWrite, Counter ofDiscard)
    {
        Label chosen = new();
        Label none = new();
        code.StoreImmediate(Register.R10, SlotAt, (int)ofWrite, Width.Word);
        code.JumpIf(Comparison.NotEqual, Register.R7, OperationDiscard, chosen);
        code.StoreImmediate(Register.R10, SlotAt, (int)ofDiscard, Width.Word);
        code.Mark(chosen);
        code.LoadMap(Register.R1, maps.Counters);
        PointAt(code, Register.R2, SlotAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.Equal, Register.R0, 0, none);
        code.Calculate(Operation.Move, Register.R2, Register.R8);
        code.Calculate(Operation.ShiftRight, Register.R2, SectorShift);
        code.AtomicAdd(Register.R0, 0, Register.R2);
        code.Mark(none);
    }

    private static void Count(BpfAssembler code, TrackerMaps maps, Counter counter, int amount)
    {
        Label none = new();
        code.StoreImmediate(Register.R10, SlotAt, (int)counter, Width.Word);
        code.LoadMap(Register.R1, maps.Counters);
        PointAt(code, Register.R2, SlotAt);
        code.Call(Helper.MapLookUp);
        code.JumpIf(Comparison.Equal, Register.R0, 0, none);
        code.Calculate(Operation.Move, Register.R2, amount);
        code.AtomicAdd(Register.R0, 0, Register.R2);
        code.Mark(none);
    }

    private static void PointAt(BpfAssembler code, Register to, int offset)
    {
        code.Calculate(Operation.Move, to, Register.R10);
        code.Calculate(Operation.Add, to, offset);
    }

    private static ulong[] Finish(BpfAssembler code)
    {
        code.Calculate(Operation.Move, Register.R0, 0);
        code.Exit();
        return code.Finish();
    }
}

/// <summary>Numbers of a block device.</summary>
/// <param name="Major">Major number.</param>
/// <param name="Minor">Minor number.</param>
internal readonly record struct TrackedDevice(int Major, int Minor);

/// <summary>Descriptors of the maps of one disk.</summary>
/// <param name="Blocks">A bit for each block that was written.</param>
/// <param name="Summary">A bit for each chunk in which one of the others has a bit.</param>
/// <param name="WholeChunks">A bit for each chunk that was written as a whole, or nearly.</param>
/// <param name="UnderWay">Writes that have begun and were not seen to end.</param>
/// <param name="Counters">See <see cref="Counter"/>.</param>
internal readonly record struct TrackerMaps(int Blocks, int Summary, int WholeChunks, int UnderWay, int Counters);

/// <summary>An entry of the table of writes under way, under the address of the bio: when it began by the monotonic clock, where, how long, what.</summary>
/// <param name="BeganNs">Monotonic clock.</param>
/// <param name="Sector">First sector on the disk.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Operation">The block layer's operation.</param>
/// <param name="Left">Bytes that were not seen to end.</param>
internal readonly record struct WriteUnderWay(long BeganNs, long Sector, uint Length, uint Operation, long Left)
{
    public const int Bytes = 32;
    public const int SectorAt = 8;
    public const int BytesAt = 16;
    public const int OperationAt = 20;
    public const int LeftAt = 24;
}
