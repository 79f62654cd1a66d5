using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;

namespace Asr.Engine.Vault.Replica;

/// <summary>
/// Contents of one object that lie side by side in it, gathered to be read at once. What was copied in the order of the disk lies in that order, so a
/// sequential read asks the store once for what would be many small reads. Single caller.
/// </summary>
internal sealed class ContentRun(ISegmentStore store)
{
    private readonly List<Memory<byte>> _places = [];
    private SegmentTable? _table;
    private int _first;
    private int _sealedBytes;

    /// <summary>Adds a content that follows those gathered; false when it does not, or when they are enough for one read.</summary>
    public bool TryAdd(SegmentTable table, int entry, Memory<byte> place)
    {
        int sealedBytes = SealedBytesOf(table, entry);
        if (_places.Count == 0 || table.Name != _table!.Name || entry != _first + _places.Count || _sealedBytes + sealedBytes > SegmentReader.RunBytesMax)
        {
            return false;
        }

        _places.Add(place);
        _sealedBytes += sealedBytes;
        return true;
    }

    /// <summary>Begins with a content; what was gathered before has been read.</summary>
    public void Begin(SegmentTable table, int entry, Memory<byte> place)
    {
        _table = table;
        _first = entry;
        _sealedBytes = SealedBytesOf(table, entry);
        _places.Add(place);
    }

    /// <summary>Reads what was gathered, each content to its place; nothing is gathered then.</summary>
    public async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        if (_places.Count > 0)
        {
            await SegmentReader.ReadContentsAsync(store, _table!, _first, _places, cancellationToken).ConfigureAwait(false);
            _places.Clear();
        }
    }

    private static int SealedBytesOf(SegmentTable table, int entry) => table.Changes[entry].StoredLength + SegmentCipher.TagBytes;
}
