using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Blocks;

// Opening the overlay file, and the dirty map's way to it.
public sealed partial class OverlayBlockDevice
{
    /// <summary>Opens the overlay file, or creates it when absent.</summary>
    /// <param name="baseDevice">The disk to read unwritten blocks from; stays the caller's.</param>
    /// <param name="path">The overlay file. Sparse: it takes the space of what is written.</param>
    /// <param name="baseId">
    /// Names the content of the base, at most 1024 bytes of UTF-8: a recovery point's id, for instance. An overlay made over another content is refused.
    /// </param>
    /// <param name="cancellationToken">Stops the opening.</param>
    /// <exception cref="AsrException">
    /// <see cref="AsrErrorCode.DiskBusy"/>, <see cref="AsrErrorCode.DiskUnreadable"/>, <see cref="AsrErrorCode.DiskSizeChanged"/> or
    /// <see cref="AsrErrorCode.DiskUnsupported"/> when the file cannot be used with this base.
    /// </exception>
    public static async Task<OverlayBlockDevice> OpenAsync(IBlockDevice baseDevice, string path, string baseId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(baseDevice);
        if (Encoding.UTF8.GetByteCount(baseId) > OverlayFormat.BaseIdBytesMax)
        {
            throw new ArgumentException($"The id of the base is longer than {OverlayFormat.BaseIdBytesMax} bytes.", nameof(baseId));
        }

        bool isNew = !File.Exists(path);
        FileBlockDevice file = isNew
            ? FileBlockDevice.Create(path, OverlayFormat.FileLength(baseDevice.Length))
            : FileBlockDevice.Open(path, isReadOnly: false);
        try
        {
            OverlayBlockDevice overlay = new(baseDevice, file, new BlockBitmap(OverlayFormat.BlockCount(baseDevice.Length)));
            await overlay.LoadAsync(baseId, isNew, cancellationToken).ConfigureAwait(false);
            return overlay;
        }
        catch
        {
            await file.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        await _flushGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await FlushMapsAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _flushGate.Release();
        }
    }

    private async ValueTask FlushMapsAsync(CancellationToken cancellationToken)
    {
        long start;
        long end;
        byte[] bits;
        lock (_mapGate)
        {
            // The bits as they are before the sync: all their data is written, so the sync covers it.
            (start, end) = (_unstableStart, _unstableEnd);
            bits = start < end ? _dirty.Bytes[(int)start..(int)end].ToArray() : [];
            (_unstableStart, _unstableEnd) = (long.MaxValue, 0);
        }

        try
        {
            await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
            if (bits.Length > 0)
            {
                await _file.WriteAsync(OverlayFormat.StableMapStart(Length) + start, bits, cancellationToken).ConfigureAwait(false);
                await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch when (bits.Length > 0)
        {
            lock (_mapGate)
            {
                NoteUnstable(start, end);
            }

            throw;
        }
    }

    private async Task LoadAsync(string baseId, bool isNew, CancellationToken cancellationToken)
    {
        byte[] header = new byte[OverlayFormat.HeaderBytes];
        Guid bootId = ReadBootId();
        Guid lastBootId = bootId;
        if (!isNew)
        {
            await _file.ReadAsync(0, header, cancellationToken).ConfigureAwait(false);
            // A file of zeros was created and never got its header: nothing was ever written to it.
            isNew = ZeroDetector.IsZero(header);
        }

        if (!isNew)
        {
            lastBootId = OverlayFormat.ReadHeader(header, _file.Path, Length, baseId);
        }

        if (_file.Length != OverlayFormat.FileLength(Length))
        {
            throw new AsrException(
                AsrErrorCode.DiskUnreadable, $"Overlay '{_file.Path}' has {_file.Length} bytes and should have {OverlayFormat.FileLength(Length)}.",
                "Remove the overlay file to start again from the base.", _file.Path);
        }

        bool survived = lastBootId == bootId && bootId != Guid.Empty;
        long mapStart = survived ? OverlayFormat.HeaderBytes : OverlayFormat.StableMapStart(Length);
        await CopyMapAsync(mapStart, write: false, cancellationToken).ConfigureAwait(false);
        if (!survived && !isNew)
        {
            // Stale live bits must be gone before the header says that the live map is good again.
            await CopyMapAsync(OverlayFormat.HeaderBytes, write: true, cancellationToken).ConfigureAwait(false);
            await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!survived || isNew)
        {
            OverlayFormat.WriteHeader(header, Length, baseId, bootId);
            await _file.WriteAsync(0, header, cancellationToken).ConfigureAwait(false);
            await _file.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        // What the last process wrote and never flushed is still to be made stable.
        NoteUnstable(0, _dirty.Bytes.Length);
    }

    /// <summary>Copies the whole map between memory and the file, a megabyte at a time.</summary>
    private async Task CopyMapAsync(long mapStart, bool write, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[Math.Min(1024 * 1024, _dirty.Bytes.Length)];
        for (int done = 0; done < _dirty.Bytes.Length; done += buffer.Length)
        {
            int count = Math.Min(buffer.Length, _dirty.Bytes.Length - done);
            Memory<byte> part = buffer.AsMemory(0, count);
            if (write)
            {
                _dirty.Bytes.Slice(done, count).CopyTo(part.Span);
                await _file.WriteAsync(mapStart + done, part, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _file.ReadAsync(mapStart + done, part, cancellationToken).ConfigureAwait(false);
                part.Span.CopyTo(_dirty.Bytes[done..]);
            }
        }
    }

    /// <summary>Sets the bits of a range whose data is in the file already, in memory and in the live map.</summary>
    private void Mark(long offset, long length)
    {
        long first = offset / BlockBytes;
        long count = OverlayFormat.BlockCount(offset + length) - first;
        lock (_mapGate)
        {
            if (!_dirty.Set(first, count) && _unsavedStart >= _unsavedEnd)
            {
                return;
            }

            // Under the gate, or an older state of a shared byte could land after a newer one. A range that could not be saved (disk full)
            // is tried again with the next write, because its bits do not look new any more.
            _unsavedStart = Math.Min(_unsavedStart, first / 8);
            _unsavedEnd = Math.Max(_unsavedEnd, (first + count + 7) / 8);
            NoteUnstable(_unsavedStart, _unsavedEnd);
            _file.WriteNow(OverlayFormat.HeaderBytes + _unsavedStart, _dirty.Bytes[(int)_unsavedStart..(int)_unsavedEnd]);
            (_unsavedStart, _unsavedEnd) = (long.MaxValue, 0);
        }
    }

    private void NoteUnstable(long start, long end)
    {
        _unstableStart = Math.Min(_unstableStart, start);
        _unstableEnd = Math.Max(_unstableEnd, end);
    }

    /// <summary>Names this run of the kernel; empty where the system does not tell, which then counts as a new one at every opening.</summary>
    private static Guid ReadBootId()
    {
        const string path = "/proc/sys/kernel/random/boot_id";
        return File.Exists(path) && Guid.TryParse(File.ReadAllText(path).Trim(), out Guid id) ? id : Guid.Empty;
    }
}
