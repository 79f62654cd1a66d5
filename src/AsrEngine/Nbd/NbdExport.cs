using System;
using System.Text;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>A disk under a name on an <see cref="NbdServer"/>. The server never disposes the device.</summary>
public sealed class NbdExport
{
    /// <summary>Describes an export.</summary>
    /// <param name="name">1 to 4096 bytes of UTF-8, unique on the server.</param>
    /// <param name="device">The disk; a read-only device makes a read-only export.</param>
    public NbdExport(string name, IBlockDevice device)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(device);
        if (Encoding.UTF8.GetByteCount(name) > NbdConstants.NameBytesMax)
        {
            throw new ArgumentException($"An export name has at most {NbdConstants.NameBytesMax} bytes.", nameof(name));
        }

        Name = name;
        Device = device;
    }

    /// <summary>The name clients ask for.</summary>
    public string Name { get; }

    /// <summary>The disk.</summary>
    public IBlockDevice Device { get; }

    /// <summary>Text for people, shown by clients that list exports; null for none.</summary>
    public string? Description { get; init; }

    /// <summary>Refuse writes even if the device takes them. Default false.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>
    /// Tell clients that one disk may be used over several connections at once. Default false. Say true only when a flush on one connection
    /// covers the completed writes of all: every connection of an export calls the same <see cref="Device"/>, so that holds exactly when
    /// <see cref="IBlockDevice.FlushAsync"/> keeps its promise for all callers and a completed write is seen by every later read. It is so for
    /// <see cref="FileBlockDevice"/> (one page cache, fdatasync of the whole file), <see cref="OverlayBlockDevice"/> and any read-only device;
    /// it is not so for a device that keeps a cache or an order per caller.
    /// </summary>
    public bool IsMultiConnectionSafe { get; init; }

    /// <summary>
    /// True when zeroing is much quicker than writing zeros (see <see cref="FileBlockDevice.CanZeroFast"/>). Otherwise a client that asks for a
    /// fast zero gets ENOTSUP at once and writes zeros itself. Default false.
    /// </summary>
    public bool IsZeroFast { get; init; }

    internal bool RefusesWrites => IsReadOnly || Device.IsReadOnly;

    internal NbdExportFlags Flags
    {
        get
        {
            NbdExportFlags flags = NbdExportFlags.HasFlags | NbdExportFlags.SendFlush | NbdExportFlags.SendFua | NbdExportFlags.SendDontFragment;
            flags |= RefusesWrites
                ? NbdExportFlags.ReadOnly
                : NbdExportFlags.SendTrim | NbdExportFlags.SendWriteZeroes | NbdExportFlags.SendFastZero;
            return IsMultiConnectionSafe ? flags | NbdExportFlags.CanMultiConnection : flags;
        }
    }
}
