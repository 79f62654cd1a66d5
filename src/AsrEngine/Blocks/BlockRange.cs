using System;
using System.Runtime.CompilerServices;
using Asr.Contracts;

namespace Asr.Engine.Blocks;

/// <summary>The checks that every <see cref="IBlockDevice"/> makes before it touches its medium.</summary>
public static class BlockRange
{
    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> unless <c>[offset, offset + length)</c> lies on the device.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(IBlockDevice device, long offset, long length)
    {
        // Written so that no sum can overflow.
        if (offset < 0 || length < 0 || offset > device.Length - length)
        {
            ThrowOutside(device, offset, length);
        }
    }

    /// <summary>Throws <see cref="AsrErrorCode.DiskReadOnly"/> when the device refuses changes, else checks the range.</summary>
    public static void CheckWritable(IBlockDevice device, long offset, long length, string name)
    {
        if (device.IsReadOnly)
        {
            throw new AsrException(AsrErrorCode.DiskReadOnly, $"Disk '{name}' is open for reading only.", "Open the disk for writing.", name);
        }

        Check(device, offset, length);
    }

    private static void ThrowOutside(IBlockDevice device, long offset, long length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"The range of {length} bytes at {offset} is not on the disk of {device.Length} bytes.");
}
