using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Asr.Agent.Capture.Bpf;

/// <summary>
/// The bpf() system call (linux/bpf.h). Places of the fields are those of union bpf_attr, which the kernel never moves. Each call returns a negative
/// errno on failure, as the kernel does.
/// </summary>
internal static unsafe partial class BpfCalls
{
    public const int MapTypeHash = 1;
    public const int MapTypeArray = 2;
    public const uint MapMemoryMappable = 1 << 10;

    public const int NoEntry = 2;
    public const int NoSpace = 28;
    public const int NotPermitted = 1;
    public const int AccessDenied = 13;

    private const int ProgramTypeTracing = 26;
    private const int AttachRawTracepoint = 23;
    private const int AttributeBytes = 144;
    private const int NameCharsMax = 15;

    private const int MapCreate = 0;
    private const int ProgramLoad = 5;
    private const int ObjectPin = 6;
    private const int ObjectGet = 7;
    private const int ObjectInfo = 15;
    private const int RawTracepointOpen = 17;
    private const int MapLookupBatch = 24;

    // Bytes of struct bpf_prog_info up to and with recursion_misses; a kernel that knows less fills less.
    private const int ProgramInfoBytes = 216;
    private const int RecursionMissesAt = 208;

    public static int CreateMap(int type, int keyBytes, int valueBytes, int entries, uint flags, string name)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Span<byte> fields = Clear(attribute);
        Put32(fields, 0, type);
        Put32(fields, 4, keyBytes);
        Put32(fields, 8, valueBytes);
        Put32(fields, 12, entries);
        Put32(fields, 16, (int)flags);
        PutName(fields, 28, name);
        return Call(MapCreate, attribute);
    }

    /// <summary>Loads a program for a typed tracepoint.</summary>
    /// <param name="instructions">The program.</param>
    /// <param name="tracepointType">Id of the tracepoint's type in the kernel's type information.</param>
    /// <param name="name">Name that tools show.</param>
    /// <param name="log">What the verifier says; filled when it refuses.</param>
    public static int LoadTracingProgram(ReadOnlySpan<ulong> instructions, int tracepointType, string name, byte[]? log)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Span<byte> fields = Clear(attribute);

        // The clock that programs read is for programs under this licence; it concerns the program in the kernel, not this one.
        fixed (byte* license = "Dual MIT/GPL\0"u8)
        fixed (ulong* code = instructions)
        fixed (byte* logBuffer = log)
        {
            Put32(fields, 0, ProgramTypeTracing);
            Put32(fields, 4, instructions.Length);
            PutPointer(fields, 8, code);
            PutPointer(fields, 16, license);
            Put32(fields, 24, log is null ? 0 : 1);
            Put32(fields, 28, log?.Length ?? 0);
            PutPointer(fields, 32, logBuffer);
            PutName(fields, 48, name);
            Put32(fields, 68, AttachRawTracepoint);
            Put32(fields, 108, tracepointType);
            return Call(ProgramLoad, attribute);
        }
    }

    /// <summary>Attaches a tracing program to the tracepoint it was loaded for; the descriptor of the link.</summary>
    public static int OpenRawTracepoint(SafeFileHandle program)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Put32(Clear(attribute), 8, Descriptor(program));
        return Call(RawTracepointOpen, attribute);
    }

    public static int Pin(SafeFileHandle bpfObject, string path)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Span<byte> fields = Clear(attribute);
        fixed (byte* text = Encoding.UTF8.GetBytes(path + '\0'))
        {
            PutPointer(fields, 0, text);
            Put32(fields, 8, Descriptor(bpfObject));
            return Call(ObjectPin, attribute);
        }
    }

    public static int OpenPinned(string path)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Span<byte> fields = Clear(attribute);
        fixed (byte* text = Encoding.UTF8.GetBytes(path + '\0'))
        {
            PutPointer(fields, 0, text);
            return Call(ObjectGet, attribute);
        }
    }

    /// <summary>How often the kernel skipped a program because it was running on the processor already; negative errno on failure.</summary>
    public static long ReadRecursionMisses(SafeFileHandle program)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        byte* info = stackalloc byte[ProgramInfoBytes];
        new Span<byte>(info, ProgramInfoBytes).Clear();
        Span<byte> fields = Clear(attribute);
        Put32(fields, 0, Descriptor(program));
        Put32(fields, 4, ProgramInfoBytes);
        PutPointer(fields, 8, info);
        int result = Call(ObjectInfo, attribute);
        return result < 0 ? result : Unsafe.ReadUnaligned<long>(info + RecursionMissesAt);
    }

    /// <summary>
    /// Reads entries of a hash, bucket by bucket. An entry that is there from the first call to the last is among those read.
    /// </summary>
    /// <param name="map">The hash.</param>
    /// <param name="cursor">0 before the first call, then what the call left.</param>
    /// <param name="keys">Keys read.</param>
    /// <param name="values">Values read.</param>
    /// <param name="count">Room, then entries read.</param>
    /// <returns>0 when there is more, -<see cref="NoEntry"/> at the end.</returns>
    public static int LookUpBatch(SafeFileHandle map, ref uint cursor, void* keys, void* values, ref int count)
    {
        byte* attribute = stackalloc byte[AttributeBytes];
        Span<byte> fields = Clear(attribute);
        uint from = cursor;
        uint to = 0;
        PutPointer(fields, 0, from == 0 ? null : &from);
        PutPointer(fields, 8, &to);
        PutPointer(fields, 16, keys);
        PutPointer(fields, 24, values);
        Put32(fields, 32, count);
        Put32(fields, 36, Descriptor(map));
        int result = Call(MapLookupBatch, attribute);
        count = BinaryPrimitives.ReadInt32LittleEndian(fields[32..]);
        cursor = to;
        return result;
    }

    private static int Descriptor(SafeFileHandle handle) => (int)handle.DangerousGetHandle();

    private static Span<byte> Clear(byte* attribute)
    {
        Span<byte> fields = new(attribute, AttributeBytes);
        fields.Clear();
        return fields;
    }

    private static void Put32(Span<byte> fields, int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(fields[at..], value);

    private static void PutPointer(Span<byte> fields, int at, void* value) => BinaryPrimitives.WriteUInt64LittleEndian(fields[at..], (ulong)value);

    private static void PutName(Span<byte> fields, int at, string name) => Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(name.Length, NameCharsMax)), fields[at..]);

    private static int Call(int command, byte* attribute)
    {
        long number = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 321,
            Architecture.Arm64 => 280,
            _ => -1,
        };
        if (number < 0)
        {
            return -38;
        }

        long result = SystemCall(number, command, attribute, AttributeBytes);
        return result < 0 ? -Marshal.GetLastPInvokeError() : (int)result;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, int command, void* attribute, uint attributeBytes);
}
