using System;
using System.Buffers.Binary;
using Asr.Contracts;

namespace Asr.Engine.Nbd.Protocol;

/// <summary>The fixed part of a request.</summary>
internal readonly record struct NbdRequestHeader(NbdCommandFlags Flags, NbdCommand Command, ulong Cookie, ulong Offset, uint Length)
{
    /// <summary>Decodes <see cref="NbdConstants.RequestBytes"/> bytes.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.NbdProtocol"/>: the magic is wrong, so the stream has lost its frame.</exception>
    public static NbdRequestHeader Read(ReadOnlySpan<byte> source)
    {
        uint magic = BinaryPrimitives.ReadUInt32BigEndian(source);
        if (magic != NbdConstants.RequestMagic)
        {
            throw NbdErrors.Protocol($"a request starts with 0x{magic:x8}");
        }

        return new NbdRequestHeader(
            (NbdCommandFlags)BinaryPrimitives.ReadUInt16BigEndian(source[4..]),
            (NbdCommand)BinaryPrimitives.ReadUInt16BigEndian(source[6..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(source[24..]));
    }

    /// <summary>Encodes the request.</summary>
    public void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt32BigEndian(target, NbdConstants.RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(target[4..], (ushort)Flags);
        BinaryPrimitives.WriteUInt16BigEndian(target[6..], (ushort)Command);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], Cookie);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], Offset);
        BinaryPrimitives.WriteUInt32BigEndian(target[24..], Length);
    }
}
