using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Asr.Engine.Vault.Compaction;

/// <summary>A part of a change that some kept position shows.</summary>
/// <param name="Sequence">The change.</param>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="End">First byte after it.</param>
internal readonly record struct LiveRange(long Sequence, long Offset, long End);

/// <summary>The live parts of the changes of one stretch. Not thread-safe.</summary>
internal sealed class LiveChanges
{
    // A gap this small is not worth an entry and a tag of its own; it is kept with what lies around it.
    private const int GapBytesMax = 4096;

    private readonly List<LiveRange> _ranges = [];
    private bool _isSorted = true;

    public void Add(in LiveRange range)
    {
        _ranges.Add(range);
        _isSorted = false;
    }

    /// <summary>The live parts of a change in [<paramref name="offset"/>, <paramref name="end"/>), by offset, apart from each other by more than a small gap.</summary>
    public void CopyTo(long sequence, long offset, long end, List<(long Offset, long End)> output)
    {
        Sort();
        output.Clear();
        for (int i = FindFirst(sequence); i < _ranges.Count && _ranges[i].Sequence == sequence; i++)
        {
            long from = long.Max(offset, _ranges[i].Offset);
            long to = long.Min(end, _ranges[i].End);
            if (from >= to)
            {
                continue;
            }

            if (output.Count > 0 && from <= output[^1].End + GapBytesMax)
            {
                output[^1] = (output[^1].Offset, long.Max(output[^1].End, to));
            }
            else
            {
                output.Add((from, to));
            }
        }
    }

    private void Sort()
    {
        if (!_isSorted)
        {
            _ranges.Sort(static (a, b) => a.Sequence != b.Sequence ? a.Sequence.CompareTo(b.Sequence) : a.Offset.CompareTo(b.Offset));
            _isSorted = true;
        }
    }

    private int FindFirst(long sequence) =>
        Bisection.FindFirst<LiveRange, long>(CollectionsMarshal.AsSpan(_ranges), sequence, static (in LiveRange range, long at) => range.Sequence >= at);
}
