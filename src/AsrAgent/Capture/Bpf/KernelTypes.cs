using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// The running kernel's own description of its types (BTF, Documentation/bpf/btf.rst), from which the places of fields are taken, so that one program fits every
/// kernel and no compiler is needed on the machine. Read once when a tracker is made. Not thread-safe.
/// </summary>
internal sealed class KernelTypes
{
    /// <summary>Where a kernel that has type information shows it.</summary>
    public const string DefaultPath = "/sys/kernel/btf/vmlinux";

    private const int BytesMax = 256 << 20;
    private const int DepthMax = 32;
    private const int TypeBytes = 12;

    private readonly byte[] _data;
    private readonly int _stringsAt;
    private readonly int _stringsEnd;

    // Place of each type's record; index 0 is void, which has none.
    private readonly List<int> _places = [0];

    private KernelTypes(byte[] data)
    {
        _data = data;
        if (data.Length < 24 || Read16(0) != 0xEB9F || Read32(4) < 24)
        {
            throw Malformed("it does not begin with a header");
        }

        long headerBytes = Read32(4);
        long typesAt = headerBytes + Read32(8);
        long typesEnd = typesAt + Read32(12);
        long stringsAt = headerBytes + Read32(16);
        long stringsEnd = stringsAt + Read32(20);
        if (typesAt < 0 || typesEnd > data.Length || typesAt > typesEnd || stringsAt < 0 || stringsEnd > data.Length || stringsAt > stringsEnd)
        {
            throw Malformed("its sections lie outside of it");
        }

        _stringsAt = (int)stringsAt;
        _stringsEnd = (int)stringsEnd;
        for (long at = typesAt; at < typesEnd;)
        {
            if (typesEnd - at < TypeBytes)
            {
                throw Malformed("its last type is cut off");
            }

            _places.Add((int)at);
            at += TypeBytes + ExtraBytes((int)at);
            if (at > typesEnd)
            {
                throw Malformed("its last type is cut off");
            }
        }
    }

    private enum Kind
    {
        Pointer = 2,
        Struct = 4,
        Union = 5,
        Enum = 6,
        Typedef = 8,
        Volatile = 9,
        Const = 10,
        Restrict = 11,
        FunctionPrototype = 13,
        TypeTag = 18,
        Enum64 = 19,
    }

    /// <summary>Reads the running kernel's types; null when it shows none.</summary>
    /// <exception cref="InvalidDataException">They cannot be understood.</exception>
    public static KernelTypes? Load(string path = DefaultPath)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        byte[] data = File.ReadAllBytes(path);
        return data.Length <= BytesMax ? new KernelTypes(data) : throw Malformed("it is too long");
    }

    /// <summary>Reads types from memory.</summary>
    public static KernelTypes Parse(byte[] data) => new(data);

    /// <summary>Id of a tracepoint's type, or null when the kernel has no such tracepoint.</summary>
    public int? FindTracepoint(string name) => Find("btf_trace_" + name, static kind => kind == Kind.Typedef);

    /// <summary>Which argument of a tracepoint points to a structure, counted as the program sees them; null when none does.</summary>
    public int? ArgumentOf(int tracepoint, string structName)
    {
        int prototype = Strip(tracepoint);
        if (KindOf(prototype) == Kind.Pointer)
        {
            prototype = Strip(ReferenceOf(prototype));
        }

        if (KindOf(prototype) != Kind.FunctionPrototype)
        {
            return null;
        }

        // The first parameter is the tracepoint's own, which programs do not get.
        int at = _places[prototype] + TypeBytes;
        for (int i = 1; i < Members(prototype); i++)
        {
            int type = Strip((int)Read32(at + (i * 8) + 4));
            if (KindOf(type) == Kind.Pointer && NameOf(Strip(ReferenceOf(type))) == structName)
            {
                return i - 1;
            }
        }

        return null;
    }

    /// <summary>Byte offset of a field, through nested structures; null when there is none.</summary>
    public int? OffsetOf(string structName, params ReadOnlySpan<string> path)
    {
        int? type = Find(structName, static kind => kind == Kind.Struct);
        int offset = 0;
        foreach (string field in path)
        {
            if (type is not { } parent || FindMember(parent, field, DepthMax) is not { } member)
            {
                return null;
            }

            offset += member.Offset;
            type = Strip(member.Type);
        }

        return offset;
    }

    /// <summary>Value of an enumeration's constant; null when no enumeration has it.</summary>
    public int? ConstantOf(string name)
    {
        for (int type = 1; type < _places.Count; type++)
        {
            Kind kind = KindOf(type);
            if (kind is not (Kind.Enum or Kind.Enum64))
            {
                continue;
            }

            int stride = kind == Kind.Enum ? 8 : 12;
            for (int i = 0; i < Members(type); i++)
            {
                int at = _places[type] + TypeBytes + (i * stride);
                if (IsText(Read32(at), name))
                {
                    return (int)Read32(at + 4);
                }
            }
        }

        return null;
    }

    private (int Offset, int Type)? FindMember(int type, string name, int depth)
    {
        if (KindOf(type) is not (Kind.Struct or Kind.Union) || depth == 0)
        {
            return null;
        }

        // With the flag set, an offset carries the size of a bit field in its upper byte.
        bool hasBitFields = Read32(_places[type] + 4) >> 31 != 0;
        for (int i = 0; i < Members(type); i++)
        {
            int at = _places[type] + TypeBytes + (i * 12);
            int bits = (int)(hasBitFields ? Read32(at + 8) & 0xFFFFFF : Read32(at + 8));
            int member = (int)Read32(at + 4);
            if (IsText(Read32(at), name))
            {
                return (bits / 8, member);
            }

            if (Read32(at) == 0 && FindMember(Strip(member), name, depth - 1) is { } inner)
            {
                return (inner.Offset + (bits / 8), inner.Type);
            }
        }

        return null;
    }

    private int? Find(string name, Func<Kind, bool> isWanted)
    {
        for (int type = 1; type < _places.Count; type++)
        {
            if (isWanted(KindOf(type)) && IsText(Read32(_places[type]), name))
            {
                return type;
            }
        }

        return null;
    }

    // The type below names and qualifiers.
    private int Strip(int type)
    {
        for (int depth = 0; depth < DepthMax && KindOf(type) is Kind.Typedef or Kind.Volatile or Kind.Const or Kind.Restrict or Kind.TypeTag; depth++)
        {
            type = ReferenceOf(type);
        }

        return type;
    }

    private Kind KindOf(int type) => type <= 0 || type >= _places.Count ? 0 : (Kind)(Read32(_places[type] + 4) >> 24 & 0x1F);

    private int ReferenceOf(int type) => (int)Read32(_places[type] + 8);

    private int Members(int type) => (int)(Read32(_places[type] + 4) & 0xFFFF);

    private string NameOf(int type)
    {
        if (KindOf(type) == 0)
        {
            return "";
        }

        ReadOnlySpan<byte> text = TextAt(Read32(_places[type]));
        return Encoding.ASCII.GetString(text);
    }

    private bool IsText(uint at, string text)
    {
        ReadOnlySpan<byte> stored = TextAt(at);
        if (stored.Length != text.Length)
        {
            return false;
        }

        for (int i = 0; i < text.Length; i++)
        {
            if (stored[i] != text[i])
            {
                return false;
            }
        }

        return true;
    }

    private ReadOnlySpan<byte> TextAt(uint at)
    {
        if (at >= (uint)(_stringsEnd - _stringsAt))
        {
            return default;
        }

        ReadOnlySpan<byte> rest = _data.AsSpan(_stringsAt + (int)at, _stringsEnd - _stringsAt - (int)at);
        int end = rest.IndexOf((byte)0);
        return end < 0 ? default : rest[..end];
    }

    private int ExtraBytes(int at)
    {
        uint info = Read32(at + 4);
        int members = (int)(info & 0xFFFF);
        return (info >> 24 & 0x1F) switch
        {
            1 or 14 or 17 => 4,         // INT, VAR, DECL_TAG
            3 => 12,                    // ARRAY
            4 or 5 or 15 or 19 => members * 12,
            6 or 13 => members * 8,
            2 or (>= 7 and <= 12) or 16 or 18 => 0,
            _ => throw Malformed($"it has a type of kind {info >> 24 & 0x1F}"),
        };
    }

    private ushort Read16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_data.AsSpan(at));

    private uint Read32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_data.AsSpan(at));

    private static InvalidDataException Malformed(string what) => new($"The kernel's type information cannot be understood: {what}.");
}
