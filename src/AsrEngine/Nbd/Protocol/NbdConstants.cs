using System;

namespace Asr.Engine.Nbd.Protocol;

/// <summary>Magic numbers and sizes of the NBD protocol (doc/proto.md of the NetworkBlockDevice project). All numbers are big-endian.</summary>
internal static class NbdConstants
{
    public const ulong ServerMagic = 0x4e42444d41474943; // "NBDMAGIC"
    public const ulong OptionMagic = 0x49484156454f5054; // "IHAVEOPT"
    public const ulong OptionReplyMagic = 0x0003e889045565a9;
    public const uint RequestMagic = 0x25609513;
    public const uint SimpleReplyMagic = 0x67446698;
    public const uint StructuredReplyMagic = 0x668e33ef;

    public const int GreetingBytes = 18;
    public const int OptionHeaderBytes = 16;
    public const int OptionReplyHeaderBytes = 20;
    public const int RequestBytes = 28;
    public const int SimpleReplyBytes = 16;
    public const int ChunkHeaderBytes = 20;

    /// <summary>Longest export name or description, as the protocol says.</summary>
    public const int NameBytesMax = 4096;

    /// <summary>Longest option this server reads, room for a name and many context queries.</summary>
    public const int OptionBytesMax = 32 * 1024;

    /// <summary>Largest payload of one request, the protocol's customary limit.</summary>
    public const int PayloadBytesMax = 32 * 1024 * 1024;

    public const string AllocationContext = "base:allocation";
    public const uint AllocationContextId = 1;
    public const uint AllocationHole = 1;
    public const uint AllocationZero = 2;
}

/// <summary>Handshake options.</summary>
internal enum NbdOption : uint
{
    ExportName = 1,
    Abort = 2,
    List = 3,
    Info = 6,
    Go = 7,
    StructuredReply = 8,
    ListMetaContext = 9,
    SetMetaContext = 10,
}

/// <summary>Replies to handshake options; errors have the top bit.</summary>
internal enum NbdOptionReply : uint
{
    Ack = 1,
    Server = 2,
    Info = 3,
    MetaContext = 4,
    ErrorUnsupported = 0x80000001,
    ErrorInvalid = 0x80000003,
    ErrorUnknownExport = 0x80000006,
}

/// <summary>Items of information about an export.</summary>
internal enum NbdInfo : ushort
{
    Export = 0,
    Name = 1,
    Description = 2,
    BlockSize = 3,
}

/// <summary>Flags of an export.</summary>
[Flags]
internal enum NbdExportFlags : ushort
{
    HasFlags = 1,
    ReadOnly = 2,
    SendFlush = 4,
    SendFua = 8,
    SendTrim = 32,
    SendWriteZeroes = 64,
    SendDontFragment = 128,
    CanMultiConnection = 256,
    SendFastZero = 2048,
}

/// <summary>Requests.</summary>
internal enum NbdCommand : ushort
{
    Read = 0,
    Write = 1,
    Disconnect = 2,
    Flush = 3,
    Trim = 4,
    WriteZeroes = 6,
    BlockStatus = 7,
}

/// <summary>Flags of a request.</summary>
[Flags]
internal enum NbdCommandFlags : ushort
{
    None = 0,
    ForceUnitAccess = 1,
    NoHole = 2,
    DontFragment = 4,
    RequestOne = 8,
    FastZero = 16,
}

/// <summary>Kinds of structured reply chunks; errors have the top bit.</summary>
internal enum NbdChunk : ushort
{
    None = 0,
    OffsetData = 1,
    OffsetHole = 2,
    BlockStatus = 5,
    Error = 32769,
    ErrorOffset = 32770,
}

/// <summary>Error numbers on the wire.</summary>
internal enum NbdErrno : uint
{
    None = 0,
    NotPermitted = 1,
    InputOutput = 5,
    NoMemory = 12,
    Invalid = 22,
    NoSpace = 28,
    Overflow = 75,
    NotSupported = 95,
    Shutdown = 108,
}
