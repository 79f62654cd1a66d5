using System;
using System.Collections.Generic;

namespace Asr.Agent.Capture.Bpf;

/// <summary>A register of the BPF machine. R0 holds results, R1 to R5 arguments, R6 to R9 survive calls, R10 is the top of the stack.</summary>
internal enum Register : byte
{
    R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10,
}

/// <summary>Width of an access to memory, as the instruction encodes it.</summary>
internal enum Width : byte
{
    Word = 0x00,
    Byte = 0x10,
    Double = 0x18,
}

/// <summary>Arithmetic, as the instruction encodes it.</summary>
internal enum Operation : byte
{
    Add = 0x00,
    Subtract = 0x10,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Xor = 0xA0,
    Move = 0xB0,
}

/// <summary>Unsigned comparison, as the jump encodes it.</summary>
internal enum Comparison : byte
{
    Equal = 0x10,
    Greater = 0x20,
    NotEqual = 0x50,
    LessOrEqual = 0xB0,
}

/// <summary>A function of the kernel's that programs may call.</summary>
internal enum Helper
{
    MapLookUp = 1,
    MapUpdate = 2,
    MapDelete = 3,
    Clock = 5,
}

/// <summary>A place in a program to jump to.</summary>
internal sealed class Label
{
    public int? Place { get; set; }
}

/// <summary>Writes BPF instructions (Documentation/bpf/standardization/instruction-set.rst), 64-bit arithmetic throughout. Not thread-safe.</summary>
internal sealed class BpfAssembler
{
    private const byte ClassLoadImmediate64 = 0x18;
    private const byte ClassLoad = 0x61;
    private const byte ClassStoreImmediate = 0x62;
    private const byte ClassStore = 0x63;
    private const byte ClassAtomic64 = 0xDB;
    private const byte ClassArithmetic64 = 0x07;
    private const byte ClassJump = 0x05;
    private const byte FromRegister = 0x08;
    private const byte PseudoMapDescriptor = 1;
    private const int AtomicFetch = 1;

    private readonly List<ulong> _code = [];
    private readonly List<(int At, Label To)> _jumps = [];

    /// <summary>The program; every label must have a place.</summary>
    public ulong[] Finish()
    {
        foreach ((int at, Label to) in _jumps)
        {
            int distance = (to.Place ?? throw new InvalidOperationException("A label has no place.")) - at - 1;
            _code[at] |= (ulong)(ushort)checked((short)distance) << 16;
        }

        return [.. _code];
    }

    public void Mark(Label label) => label.Place = _code.Count;

    public void Load(Register to, Register from, int offset, Width width) => Emit((byte)(ClassLoad | (byte)width), to, from, offset, 0);

    public void Store(Register to, int offset, Register from, Width width) => Emit((byte)(ClassStore | (byte)width), to, from, offset, 0);

    public void StoreImmediate(Register to, int offset, int value, Width width) => Emit((byte)(ClassStoreImmediate | (byte)width), to, 0, offset, value);

    public void LoadMap(Register to, int descriptor)
    {
        Emit(ClassLoadImmediate64, to, (Register)PseudoMapDescriptor, 0, descriptor);
        _code.Add(0);
    }

    public void Calculate(Operation operation, Register to, int value) => Emit((byte)(ClassArithmetic64 | (byte)operation), to, 0, 0, value);

    public void Calculate(Operation operation, Register to, Register from) => Emit((byte)(ClassArithmetic64 | FromRegister | (byte)operation), to, from, 0, 0);

    /// <summary>Adds to memory as one step.</summary>
    public void AtomicAdd(Register to, int offset, Register from) => Emit(ClassAtomic64, to, from, offset, (int)Operation.Add);

    /// <summary>Adds to memory as one step that is also a full barrier; <paramref name="from"/> then holds what was there.</summary>
    public void AtomicFetchAdd(Register to, int offset, Register from) => Emit(ClassAtomic64, to, from, offset, (int)Operation.Add | AtomicFetch);

    /// <summary>Sets bits in memory as one step that is also a full barrier; <paramref name="from"/> then holds what was there.</summary>
    public void AtomicFetchOr(Register to, int offset, Register from) => Emit(ClassAtomic64, to, from, offset, (int)Operation.Or | AtomicFetch);

    public void Call(Helper helper) => Emit(0x85, 0, 0, 0, (int)helper);

    public void Exit() => Emit(0x95, 0, 0, 0, 0);

    public void Jump(Label to) => EmitJump(ClassJump, 0, 0, 0, to);

    public void JumpIf(Comparison comparison, Register left, int right, Label to) => EmitJump((byte)(ClassJump | (byte)comparison), left, 0, right, to);

    public void JumpIf(Comparison comparison, Register left, Register right, Label to) =>
        EmitJump((byte)(ClassJump | FromRegister | (byte)comparison), left, right, 0, to);

    private void EmitJump(byte code, Register left, Register right, int value, Label to)
    {
        _jumps.Add((_code.Count, to));
        Emit(code, left, right, 0, value);
    }

    private void Emit(byte code, Register to, Register from, int offset, int value) =>
        _code.Add(code | (ulong)to << 8 | (ulong)from << 12 | (ulong)(ushort)checked((short)offset) << 16 | (ulong)(uint)value << 32);
}
