using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO.Hashing;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Nbd;
using Asr.Engine.Nbd.Protocol;
using Asr.Engine.Segments;
using Asr.Engine.Tests.Workloads;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.Fuzzing;

/// <summary>Everything that is decoded from a disk or a wire. A new format belongs here when it lands.</summary>
internal static class FuzzTargets
{
    private const long DiskBytes = 1 << 20;
    private static readonly Guid DiskId = Guid.Parse("00112233-4455-6677-8899-aabbccddeeff");
    private static readonly byte[] Key = [.. Enumerable.Range(0, SegmentCipher.KeyBytes).Select(static i => (byte)i)];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("batch", Batches(), DecodeBatch) { Repair = RepairBatch, AllocationMax = 4 << 20 },
        new("segment", [Segment(0), Segment(1)], DecodeSegment) { Repair = RepairTrailer, AllocationMax = 4 << 20 },
        new("segment table, sealed anew", [SegmentTablePlain(0), SegmentTablePlain(1)], DecodeSegmentTable) { AllocationMax = 4 << 20 },
        new("pack", [Pack()], DecodePack) { Repair = RepairTrailer, AllocationMax = 4 << 20 },
        new("pack table, sealed anew", [PackTablePlain()], DecodePackTable) { AllocationMax = 4 << 20 },
        new("index run", [IndexRunOf(0), IndexRunOf(1)], DecodeIndexRun) { Repair = RepairTrailer, AllocationMax = 4 << 20 },
        new("index directory, sealed anew", [DirectoryPlain()], DecodeDirectory) { AllocationMax = 4 << 20 },
        new("index page", [PagePlain()], DecodePage),
        new("document", [Document("{\"a\":1}"), Document("")], DecodeDocument),
        new("disk document", [Json(Disk())], DecodeDisk),
        new("point document", [Json(Point())], static json => Read<AsrRecoveryPoint>(json)),
        new("vault document", [Json(new VaultDocument { Id = DiskId, FormatVersion = 1, MinReader = 1, WrappedMasterKey = new byte[60] })], static json => Read<VaultDocument>(json)),
        new("secret box", [new SecretBox(Key).Seal("data key", Key)], static box => new SecretBox(Key).Open("data key", box)),
        new("segment's file name", [Encoding.UTF8.GetBytes(SegmentPath.FileName(Name(0)))], DecodeFileName),
        new("activity log header", [ActivityHeader()], DecodeActivityHeader) { Repair = RepairActivityHeader },
        new("overlay header", [OverlayHeader()], DecodeOverlayHeader) { Repair = RepairOverlayHeader },
        new("NBD handshake", [Handshake("disk"), Handshake("")], DecodeHandshake),
        new("NBD request", [Request()], static bytes => Decode(bytes, NbdConstants.RequestBytes, static span => NbdRequestHeader.Read(span))),
    ];

    private static VerifiedBatch Batch(int kind) => ScriptChange.ToBatch(DiskId, 3, 7, kind == 0
        ? [new ScriptChange(1024, 512, 2), new ScriptChange(4096, 8192, 0)]
        : [new ScriptChange(0, 4096, 3), new ScriptChange(DiskBytes - 512, 512, 4), new ScriptChange(0, 65_536, 6)]);

    private static SegmentName Name(int kind) => new(DiskId, SegmentKind.Changes, 3, 7, Batch(kind).Batch.LastSequence);

    private static byte[][] Batches() => [Batch(0).Bytes.ToArray(), Batch(1).Bytes.ToArray()];

    private static void DecodeBatch(byte[] bytes) => VerifiedBatch.Verify(bytes, DiskBytes);

    private static byte[] RepairBatch(byte[] bytes)
    {
        if (bytes.Length >= ChangeBatchFormat.HeaderBytes)
        {
            int payloadBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(40));
            if (payloadBytes >= 0 && payloadBytes <= bytes.Length - ChangeBatchFormat.HeaderBytes)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(56), ChangeBatchFormat.Checksum(bytes, payloadBytes));
            }
        }

        return bytes;
    }

    private static byte[] Segment(int kind)
    {
        using SegmentCipher cipher = new(Key);
        using SealedObject segment = SegmentSealer.Seal(Batch(kind), 0, cipher);
        return segment.Buffer.ToArray();
    }

    private static void DecodeSegment(byte[] bytes) => DecodeSegment(bytes, Name(0), Name(1));

    private static void DecodeSegment(byte[] bytes, params SegmentName[] names)
    {
        using SegmentCipher cipher = new(Key);
        SingleObjectStore store = new(bytes);
        AsrException? refused = null;
        foreach (SegmentName name in names)
        {
            try
            {
                SegmentTable table = SegmentReader.OpenAsync(store, name, cipher, DiskBytes, CancellationToken.None).GetAwaiter().GetResult();
                for (int i = 0; i < table.Changes.Length; i++)
                {
                    if (table.Changes[i].Kind == ChangeKind.Data)
                    {
                        SegmentReader.ReadContentAsync(store, table, i, new byte[table.Changes[i].Length], CancellationToken.None).AsTask().GetAwaiter().GetResult();
                    }
                }

                return;
            }
            catch (AsrException error)
            {
                refused = error;
            }
        }

        throw refused!;
    }

    private static byte[] RepairTrailer(byte[] bytes)
    {
        if (bytes.Length >= SegmentTrailer.Bytes)
        {
            Span<byte> trailer = bytes.AsSpan(bytes.Length - SegmentTrailer.Bytes);
            BinaryPrimitives.WriteUInt64LittleEndian(trailer[56..], XxHash3.HashToUInt64(trailer[..56]));
        }

        return bytes;
    }

    /// <summary>Contents of a table as they are before they are sealed, behind the authentication that no damage gets past.</summary>
    private static byte[] SegmentTablePlain(int kind)
    {
        VerifiedBatch batch = Batch(kind);
        return batch.Bytes[^(batch.Batch.Changes.Length * ChangeBatchFormat.EntryBytes)..].ToArray();
    }

    private static void DecodeSegmentTable(byte[] plain)
    {
        SegmentTrailer trailer = new(0, plain.Length / ChangeBatchFormat.EntryBytes, plain.Length, 5000);
        SegmentName name = new(DiskId, SegmentKind.Changes, 3, 7, 7 + int.Max(trailer.Count, 1) - 1);
        byte[] sealedObject = SealAnew(name, trailer, plain);
        ExpectDamagedContents(() => DecodeSegment(sealedObject, name));
    }

    private static SegmentName PackName => new(DiskId, SegmentKind.Pack, 3, 7, 9, 1);

    private static byte[] Pack()
    {
        using SegmentCipher cipher = new(Key);
        SingleObjectStore store = new(Segment(1));
        SegmentTable table = SegmentReader.OpenAsync(store, Name(1), cipher, DiskBytes, CancellationToken.None).GetAwaiter().GetResult();
        LiveChanges live = new();
        using PackWriter writer = new(store, PackName);
        foreach (Change change in table.Changes)
        {
            // Of the first only its middle, of the others everything.
            live.Add(change.Sequence == 7 ? new LiveRange(7, 1024, 2048) : new LiveRange(change.Sequence, change.Offset, change.End));
        }

        for (int i = 0; i < table.Changes.Length; i++)
        {
            writer.AddAsync(table, i, live, CancellationToken.None).GetAwaiter().GetResult();
        }

        using SealedObject pack = writer.Seal(cipher);
        return pack.Buffer.ToArray();
    }

    private static void DecodePack(byte[] bytes) => DecodeSegment(bytes, PackName);

    private static byte[] PackTablePlain()
    {
        byte[] plain = new byte[2 * PackFormat.EntryBytes];
        PackFormat.WriteEntry(plain, new Change(7, 1024, 1024, ChangeKind.Data, ChunkEncoding.None, 1024, 0, 5));
        PackFormat.WriteEntry(plain.AsSpan(PackFormat.EntryBytes), new Change(9, 0, 65_536, ChangeKind.Zero, ChunkEncoding.None, 0, 0, default));
        return plain;
    }

    private static void DecodePackTable(byte[] plain)
    {
        byte[] sealedObject = SealAnew(PackName, new SegmentTrailer(0, plain.Length / PackFormat.EntryBytes, plain.Length, 1024 + SegmentCipher.TagBytes, DiskId), plain);
        ExpectDamagedContents(() => DecodePack(sealedObject));
    }

    private static SegmentName RunName => new(DiskId, SegmentKind.Index, 3, 1, 900);

    private static byte[] IndexRunOf(int kind)
    {
        MemoryLayer memory = new();
        memory.Apply(Batch(kind).Batch.Changes, 0, long.MaxValue);
        using SegmentCipher cipher = new(Key);
        LocalSegmentStore store = new(new SimulatedFileLayer(), "/disks");
        SegmentName part = IndexRunWriter.WriteAsync(store, RunName, new LayerStack([memory]), 0, cipher, DiskBytes / 512, CancellationToken.None).GetAwaiter().GetResult()[0];
        byte[] bytes = new byte[store.GetLengthAsync(part, CancellationToken.None).GetAwaiter().GetResult()!.Value];
        store.ReadAsync(part, 0, bytes, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        return bytes;
    }

    private static void DecodeIndexRun(byte[] bytes)
    {
        using SegmentCipher cipher = new(Key);
        IndexRun run = IndexRun.OpenAsync(new SingleObjectStore(bytes), [RunName], cipher, DiskBytes / 512, new IndexPageCache(0), CancellationToken.None).GetAwaiter().GetResult();
        List<Extent> extents = [];
        run.FindAsync(0, DiskBytes / 512, extents, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }

    private static byte[] DirectoryPlain()
    {
        IndexDirectory directory = new(0, true, [new IndexPagePlace(2, 10, 30, 2), new IndexPagePlace(64, 2000, 40, 3)]);
        byte[] plain = new byte[directory.Bytes];
        directory.Write(plain);
        return plain;
    }

    private static void DecodeDirectory(byte[] plain)
    {
        byte[] sealedObject = SealAnew(RunName, new SegmentTrailer(0, int.Max(0, (plain.Length - 8) / 24), plain.Length, 70 + (2 * SegmentCipher.TagBytes), DiskId), plain);
        ExpectDamagedContents(() => DecodeIndexRun(sealedObject));
    }

    private static byte[] PagePlain()
    {
        byte[] page = new byte[IndexPage.BytesMax];
        return page[..IndexPage.Write([new Extent(2, 1, 7, false), new Extent(8, 16, 8, true), new Extent(100, 900, 1, false)], 1, page)];
    }

    private static void DecodePage(byte[] plain)
    {
        Extent[] extents = new Extent[3];
        IndexPagePlace place = new(2, 1000, plain.Length, extents.Length);
        if (!IndexPage.TryRead(plain, place, 1, 900, extents))
        {
            throw new AsrException(AsrErrorCode.SegmentCorrupt, "malformed");
        }

        long end = place.FirstSector;
        foreach (Extent extent in extents)
        {
            if (extent.Sector < end || extent.Sectors < 1 || extent.End > place.EndSector || extent.Sequence is < 1 or > 900)
            {
                throw new InvalidOperationException($"An extent out of bounds was believed: {extent.Sector}+{extent.Sectors}, sequence {extent.Sequence}.");
            }

            end = extent.End;
        }
    }

    /// <summary>An object with this index behind a valid seal, and contents of zeros.</summary>
    private static byte[] SealAnew(SegmentName name, SegmentTrailer trailer, byte[] plain)
    {
        using SegmentCipher cipher = new(Key);
        SegmentCipher own = trailer.Salt == Guid.Empty ? cipher : cipher.Derive(trailer.Salt);
        byte[] sealedObject = new byte[trailer.ObjectBytes];
        SegmentSealer.SealIndex(name, trailer, own, plain, sealedObject.AsSpan((int)trailer.PayloadBytes));
        return sealedObject;
    }

    /// <summary>Contents made of zeros are refused, behind a table that was read.</summary>
    private static void ExpectDamagedContents(Action decode)
    {
        try
        {
            decode();
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.SegmentCorrupt)
        {
            // As it should be.
        }
    }

    private static byte[] Document(string json) => DocumentEnvelope.Wrap("things", "one", 5, Encoding.UTF8.GetBytes(json));

    private static void DecodeDocument(byte[] bytes)
    {
        if (!DocumentEnvelope.TryUnwrap("things", "one", bytes, out _, out _))
        {
            throw new AsrException(AsrErrorCode.VaultDocumentCorrupt, "damaged");
        }
    }

    private static byte[] Json<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, AsrJson.Indented);

    private static T Read<T>(byte[] json)
        where T : class => CatalogJson.Read<T>("things", new CatalogDocument("one", "1", json));

    private static DiskDocument Disk() => new()
    {
        DiskId = DiskId,
        SizeBytes = DiskBytes,
        LastEpoch = 3,
        Epochs =
        [
            new DiskEpoch { Number = 1, Parent = default(StreamPosition), EndSequence = 9, WrappedKey = Key },
            new DiskEpoch { Number = 2, Parent = new StreamPosition(1, 7), Base = new StreamPosition(1, 7), EndSequence = 12, WrappedKey = Key },
            new DiskEpoch { Number = 3, Parent = new StreamPosition(2, 12), WrappedKey = Key },
        ],
    };

    private static void DecodeDisk(byte[] json)
    {
        DiskDocument document = Read<DiskDocument>(json);
        for (int epoch = 0; epoch < 5; epoch++)
        {
            EpochTree.FindBranch(document, new StreamPosition(epoch, 8), 20);
            EpochTree.FindBranch(document, new StreamPosition(epoch, long.MaxValue), long.MaxValue);
        }
    }

    private static AsrRecoveryPoint Point() => new()
    {
        Id = DiskId,
        MachineId = DiskId,
        MachineName = "db01",
        Time = DateTimeOffset.UnixEpoch,
        Disks = [new RecoveryPointDisk { DiskId = DiskId, Name = "sda", SizeBytes = DiskBytes, Epoch = 2, Sequence = 9 }],
    };

    private static void DecodeFileName(byte[] name)
    {
        if (SegmentPath.TryParse(DiskId, 3, Encoding.UTF8.GetString(name), out SegmentName? parsed) && SegmentPath.FileName(parsed.Value) != Encoding.UTF8.GetString(name))
        {
            throw new InvalidOperationException("Two file names lead to one object.");
        }
    }

    private static byte[] ActivityHeader()
    {
        byte[] slot = new byte[ActivityLogHeader.Bytes];
        new ActivityLogHeader { Generation = 4, DiskId = DiskId, DiskBytes = DiskBytes, RegionBytes = ReplicationLimits.DigestRegionBytes, Epoch = 3, IsClean = true }.Write(slot);
        return slot;
    }

    private static void DecodeActivityHeader(byte[] slot)
    {
        if (ActivityLogHeader.TryRead(slot, out ActivityLogHeader header)
            && (header.Epoch < 0 || header.DiskBytes is < 0 or > ReplicationLimits.DiskBytesMax || header.RegionBytes != ReplicationLimits.DigestRegionBytes))
        {
            throw new InvalidOperationException($"A header out of bounds was believed: {header}");
        }
    }

    private static byte[] RepairActivityHeader(byte[] slot)
    {
        if (slot.Length >= ActivityLogHeader.Bytes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(slot.AsSpan(120), XxHash3.HashToUInt64(slot.AsSpan(0, 120)));
        }

        return slot;
    }

    private static byte[] OverlayHeader()
    {
        byte[] header = new byte[OverlayFormat.HeaderBytes];
        OverlayFormat.WriteHeader(header, DiskBytes, "points/one", DiskId);
        return header;
    }

    private static void DecodeOverlayHeader(byte[] header) =>
        Decode(header, OverlayFormat.HeaderBytes, static span => OverlayFormat.ReadHeader(span, "overlay", DiskBytes, "points/one"));

    private static byte[] RepairOverlayHeader(byte[] header)
    {
        if (header.Length >= OverlayFormat.HeaderBytes)
        {
            Span<byte> span = header.AsSpan(0, OverlayFormat.HeaderBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(span[^8..], XxHash64.HashToUInt64(span[..^8]));
        }

        return header;
    }

    private static byte[] Handshake(string export)
    {
        byte[] name = Encoding.UTF8.GetBytes(export);
        byte[] context = [.. Number(name.Length), .. name, .. Number(1), .. Number(15), .. "base:allocation"u8];
        return [0, 0, 0, 3, .. Option(8, []), .. Option(3, []), .. Option(10, context), .. Option(7, [.. Number(name.Length), .. name, 0, 1, 0, 3])];
    }

    private static byte[] Option(int option, byte[] data) => [.. "IHAVEOPT"u8, .. Number(option), .. Number(data.Length), .. data];

    private static byte[] Number(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static void DecodeHandshake(byte[] input)
    {
        NbdHandshake handshake = new(static () => Exports);
        ArrayBufferWriter<byte> output = new();
        ReadOnlySpan<byte> rest = input;
        while (true)
        {
            NbdHandshakeStep step = handshake.Advance(rest, output, out int consumed);
            rest = rest[consumed..];
            if (step != NbdHandshakeStep.Continue)
            {
                return;
            }
        }
    }

    private static readonly IReadOnlyList<NbdExport> Exports = [new NbdExport("disk", new MemoryBlockDevice(1 << 20))];

    private static byte[] Request()
    {
        byte[] request = new byte[NbdConstants.RequestBytes];
        new NbdRequestHeader(NbdCommandFlags.ForceUnitAccess, NbdCommand.Write, 77, 4096, 512).Write(request);
        return request;
    }

    /// <summary>For decoders of fixed length: the caller reads as many bytes before it calls them.</summary>
    private static void Decode(byte[] bytes, int length, ReadOnlySpanAction decode)
    {
        if (bytes.Length >= length)
        {
            decode(bytes.AsSpan(0, length));
        }
    }

    private delegate void ReadOnlySpanAction(ReadOnlySpan<byte> span);
}
