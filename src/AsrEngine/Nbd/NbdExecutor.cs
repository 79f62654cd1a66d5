using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>Carries out requests on an export's device and prepares their replies. Safe for concurrent requests.</summary>
internal sealed class NbdExecutor(NbdExport export, bool hasStructuredReplies, bool hasAllocationContext)
{
    // A hole in a reply saves this much on the wire for 32 bytes of chunk header.
    private const int HoleBytesMin = 32 * 1024;
    private const int DataChunkHeaderBytes = NbdConstants.ChunkHeaderBytes + 8;
    private const int HoleChunkBytes = NbdConstants.ChunkHeaderBytes + 12;
    private const int StatusExtentsMax = 4096;
    private const long StatusWindowBytes = 256L * 1024 * 1024;

    private const NbdCommandFlags KnownFlags = NbdCommandFlags.ForceUnitAccess | NbdCommandFlags.NoHole | NbdCommandFlags.DontFragment
        | NbdCommandFlags.RequestOne | NbdCommandFlags.FastZero;

    private readonly IBlockDevice _device = export.Device;

    /// <summary>Executes a request whose payload, if any, has arrived. Throws what the device throws.</summary>
    public ValueTask ExecuteAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        NbdErrno refusal = Check(request.Header);
        if (refusal != NbdErrno.None)
        {
            Fail(request, refusal, "request refused");
            return ValueTask.CompletedTask;
        }

        return request.Header.Command switch
        {
            NbdCommand.Read => ReadAsync(request, cancellationToken),
            NbdCommand.Write => WriteAsync(request, cancellationToken),
            NbdCommand.BlockStatus => StatusAsync(request, cancellationToken),
            _ => ChangeAsync(request, cancellationToken),
        };
    }

    /// <summary>Prepares an error reply; reads and block status under structured replies need a chunk.</summary>
    public void Fail(NbdRequest request, NbdErrno error, string text)
    {
        if (!hasStructuredReplies || request.Header.Command is not (NbdCommand.Read or NbdCommand.BlockStatus))
        {
            request.ReplySimple(error);
            return;
        }

        byte[] message = Encoding.UTF8.GetBytes(text.Length > 1000 ? text[..1000] : text);
        request.Return();
        Memory<byte> reply = request.Rent(NbdConstants.ChunkHeaderBytes + 6 + message.Length);
        Span<byte> span = reply.Span;
        request.WriteChunkHeader(span, NbdChunk.Error, isLast: true, 6 + message.Length);
        BinaryPrimitives.WriteUInt32BigEndian(span[NbdConstants.ChunkHeaderBytes..], (uint)error);
        BinaryPrimitives.WriteUInt16BigEndian(span[(NbdConstants.ChunkHeaderBytes + 4)..], (ushort)message.Length);
        message.CopyTo(span[(NbdConstants.ChunkHeaderBytes + 6)..]);
        request.ReplyRented(reply.Length);
    }

    private NbdErrno Check(NbdRequestHeader header)
    {
        if ((header.Flags & ~KnownFlags) != 0 || header.Command is > NbdCommand.BlockStatus or NbdCommand.Disconnect or (NbdCommand)5)
        {
            return NbdErrno.Invalid;
        }

        bool changes = header.Command is NbdCommand.Write or NbdCommand.Trim or NbdCommand.WriteZeroes;
        if (changes && export.RefusesWrites)
        {
            return NbdErrno.NotPermitted;
        }

        if (header.Command == NbdCommand.Flush)
        {
            return NbdErrno.None;
        }

        if (header.Offset > (ulong)_device.Length || header.Length > (ulong)_device.Length - header.Offset)
        {
            return header.Command is NbdCommand.Write or NbdCommand.WriteZeroes ? NbdErrno.NoSpace : NbdErrno.Invalid;
        }

        return header.Command switch
        {
            NbdCommand.Read when header.Length > NbdConstants.PayloadBytesMax => NbdErrno.Overflow,
            NbdCommand.BlockStatus when !hasAllocationContext || header.Length == 0 => NbdErrno.Invalid,
            NbdCommand.WriteZeroes when header.Flags.HasFlag(NbdCommandFlags.FastZero) && !export.IsZeroFast => NbdErrno.NotSupported,
            _ => NbdErrno.None,
        };
    }

    private async ValueTask ReadAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        int length = (int)request.Header.Length;
        int headerBytes = hasStructuredReplies ? DataChunkHeaderBytes : NbdConstants.SimpleReplyBytes;
        Memory<byte> reply = request.Rent(headerBytes + length);
        await _device.ReadAsync((long)request.Header.Offset, reply[headerBytes..], cancellationToken).ConfigureAwait(false);
        if (!hasStructuredReplies)
        {
            request.WriteSimpleHeader(reply.Span, NbdErrno.None);
        }
        else if (length == 0)
        {
            // A data chunk must carry at least a byte.
            request.WriteChunkHeader(reply.Span, NbdChunk.None, isLast: true, 0);
            request.ReplyRented(NbdConstants.ChunkHeaderBytes);
            return;
        }
        else if (length >= HoleBytesMin && (request.Header.Flags & NbdCommandFlags.DontFragment) == 0)
        {
            request.ReplyRented(FoldHoles(request, reply.Span, length));
            return;
        }
        else
        {
            WriteDataHeader(request, reply.Span, request.Header.Offset, length, isLast: true);
        }

        request.ReplyRented(reply.Length);
    }

    /// <summary>
    /// Turns the read data, which lies behind room for one header, into chunks of data and holes at the front of the same buffer.
    /// A hole's chunk is shorter than the zeros it stands for, so chunks are never written over data that is still to be moved.
    /// </summary>
    private static int FoldHoles(NbdRequest request, Span<byte> reply, int length)
    {
        List<BlockExtent> runs = [];
        ZeroDetector.Split(reply.Slice(DataChunkHeaderBytes, length), HoleBytesMin, runs);
        int target = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            BlockExtent run = runs[i];
            bool isLast = i == runs.Count - 1;
            ulong offset = request.Header.Offset + (ulong)run.Offset;
            // The last run may be shorter than the chunk that describes a hole.
            if (run.Kind == ExtentKind.Zero && run.Length >= HoleChunkBytes)
            {
                request.WriteChunkHeader(reply[target..], NbdChunk.OffsetHole, isLast, 12);
                BinaryPrimitives.WriteUInt64BigEndian(reply[(target + NbdConstants.ChunkHeaderBytes)..], offset);
                BinaryPrimitives.WriteUInt32BigEndian(reply[(target + DataChunkHeaderBytes)..], (uint)run.Length);
                target += HoleChunkBytes;
                continue;
            }

            Span<byte> data = reply.Slice(DataChunkHeaderBytes + (int)run.Offset, (int)run.Length);
            data.CopyTo(reply[(target + DataChunkHeaderBytes)..]);
            WriteDataHeader(request, reply[target..], offset, (int)run.Length, isLast);
            target += DataChunkHeaderBytes + (int)run.Length;
        }

        return target;
    }

    private static void WriteDataHeader(NbdRequest request, Span<byte> target, ulong offset, int length, bool isLast)
    {
        request.WriteChunkHeader(target, NbdChunk.OffsetData, isLast, 8 + length);
        BinaryPrimitives.WriteUInt64BigEndian(target[NbdConstants.ChunkHeaderBytes..], offset);
    }

    private async ValueTask WriteAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        await _device.WriteAsync((long)request.Header.Offset, request.Payload, cancellationToken).ConfigureAwait(false);
        await FinishChangeAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask ChangeAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        NbdRequestHeader header = request.Header;
        if (header.Command == NbdCommand.Flush)
        {
            await _device.FlushAsync(cancellationToken).ConfigureAwait(false);
            request.ReplySimple(NbdErrno.None);
            return;
        }

        bool punchHole = header.Command == NbdCommand.Trim || !header.Flags.HasFlag(NbdCommandFlags.NoHole);
        await _device.ZeroAsync((long)header.Offset, header.Length, punchHole, cancellationToken).ConfigureAwait(false);
        await FinishChangeAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask FinishChangeAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        // Not HasFlag, here and above: until the compiler has optimised this method, which a quiet disk may never bring about, that allocates.
        if ((request.Header.Flags & NbdCommandFlags.ForceUnitAccess) != 0)
        {
            await _device.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        request.ReplySimple(NbdErrno.None);
    }

    private async ValueTask StatusAsync(NbdRequest request, CancellationToken cancellationToken)
    {
        long offset = (long)request.Header.Offset;
        long end = offset + request.Header.Length;
        int extentsMax = request.Header.Flags.HasFlag(NbdCommandFlags.RequestOne) ? 1 : StatusExtentsMax;
        List<BlockExtent> extents = [];
        // In windows, and until there is one extent more than fits: the reply may describe less than was asked for.
        while (offset < end && extents.Count <= extentsMax)
        {
            long count = Math.Min(StatusWindowBytes, end - offset);
            IReadOnlyList<BlockExtent> window = await _device.GetExtentsAsync(offset, count, cancellationToken).ConfigureAwait(false);
            BlockExtents.AppendClipped(extents, window, offset, count);
            offset += count;
        }

        int listed = Math.Min(extents.Count, extentsMax);
        int bytes = 4 + 8 * listed;
        Memory<byte> reply = request.Rent(NbdConstants.ChunkHeaderBytes + bytes);
        request.WriteChunkHeader(reply.Span, NbdChunk.BlockStatus, isLast: true, bytes);
        Span<byte> target = reply.Span[NbdConstants.ChunkHeaderBytes..];
        BinaryPrimitives.WriteUInt32BigEndian(target, NbdConstants.AllocationContextId);
        for (int i = 0; i < listed; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(target[(4 + 8 * i)..], (uint)extents[i].Length);
            BinaryPrimitives.WriteUInt32BigEndian(target[(8 + 8 * i)..], extents[i].Kind switch
            {
                ExtentKind.Hole => NbdConstants.AllocationHole | NbdConstants.AllocationZero,
                ExtentKind.Zero => NbdConstants.AllocationZero,
                _ => 0,
            });
        }

        request.ReplyRented(reply.Length);
    }
}
