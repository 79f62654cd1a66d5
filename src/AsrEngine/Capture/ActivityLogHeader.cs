using System;
using System.Buffers.Binary;
using System.IO.Hashing;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>The header of an activity log: one of two slots, the valid one with the higher generation counts. docs/formats/activity-log.md describes it.</summary>
internal readonly record struct ActivityLogHeader
{
    public const int Bytes = 128;

    private const uint Magic = 0x4C525341; // "ASRL"
    private const ushort CurrentVersion = 1;
    private const int ChecksumAt = 120;

    public long Generation { get; init; }

    public Guid DiskId { get; init; }

    public long DiskBytes { get; init; }

    public int RegionBytes { get; init; }

    public int Epoch { get; init; }

    public Guid BootId { get; init; }

    public Guid SessionNonce { get; init; }

    public bool IsClean { get; init; }

    public bool IsBeingRestored { get; init; }

    public long ResynchronizeGeneration { get; init; }

    /// <summary>XXH3 of everything after the slots; meaningful only when <see cref="IsClean"/>.</summary>
    public ulong ContentHash { get; init; }

    /// <summary>The disk's <see cref="Asr.Engine.Blocks.IChangeStamped">stamp</see> at the orderly end; 0 when it has none. Meaningful only when <see cref="IsClean"/>.</summary>
    public long SourceStamp { get; init; }

    public void Write(Span<byte> slot)
    {
        slot[..Bytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(slot, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(slot[4..], CurrentVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(slot[6..], CurrentVersion);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], Generation);
        DiskId.TryWriteBytes(slot[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(slot[32..], DiskBytes);
        BinaryPrimitives.WriteInt32LittleEndian(slot[40..], RegionBytes);
        BinaryPrimitives.WriteInt32LittleEndian(slot[44..], Epoch);
        BootId.TryWriteBytes(slot[48..]);
        SessionNonce.TryWriteBytes(slot[64..]);
        BinaryPrimitives.WriteInt32LittleEndian(slot[80..], IsClean ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(slot[84..], IsBeingRestored ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(slot[88..], ResynchronizeGeneration);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[96..], ContentHash);
        BinaryPrimitives.WriteInt64LittleEndian(slot[104..], SourceStamp);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[ChecksumAt..], XxHash3.HashToUInt64(slot[..ChecksumAt]));
    }

    /// <summary>False when the slot is not a header that this software reads.</summary>
    public static bool TryRead(ReadOnlySpan<byte> slot, out ActivityLogHeader header)
    {
        header = default;
        if (slot.Length < Bytes
            || BinaryPrimitives.ReadUInt32LittleEndian(slot) != Magic
            || BinaryPrimitives.ReadUInt16LittleEndian(slot[6..]) > CurrentVersion
            || BinaryPrimitives.ReadUInt64LittleEndian(slot[ChecksumAt..]) != XxHash3.HashToUInt64(slot[..ChecksumAt]))
        {
            return false;
        }

        header = new ActivityLogHeader
        {
            Generation = BinaryPrimitives.ReadInt64LittleEndian(slot[8..]),
            DiskId = new Guid(slot.Slice(16, 16)),
            DiskBytes = BinaryPrimitives.ReadInt64LittleEndian(slot[32..]),
            RegionBytes = BinaryPrimitives.ReadInt32LittleEndian(slot[40..]),
            Epoch = BinaryPrimitives.ReadInt32LittleEndian(slot[44..]),
            BootId = new Guid(slot.Slice(48, 16)),
            SessionNonce = new Guid(slot.Slice(64, 16)),
            IsClean = BinaryPrimitives.ReadInt32LittleEndian(slot[80..]) == 1,
            IsBeingRestored = BinaryPrimitives.ReadInt32LittleEndian(slot[84..]) == 1,
            ResynchronizeGeneration = BinaryPrimitives.ReadInt64LittleEndian(slot[88..]),
            ContentHash = BinaryPrimitives.ReadUInt64LittleEndian(slot[96..]),
            SourceStamp = BinaryPrimitives.ReadInt64LittleEndian(slot[104..]),
        };
        return header.Epoch >= 0
            && header.RegionBytes == ReplicationLimits.DigestRegionBytes
            && header.DiskBytes is >= 0 and <= ReplicationLimits.DiskBytesMax;
    }
}
