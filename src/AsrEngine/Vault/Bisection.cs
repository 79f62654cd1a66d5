using System;

namespace Asr.Engine.Vault;

/// <summary>Finds where a sorted sequence reaches a place.</summary>
internal static class Bisection
{
    /// <summary>Whether an item has reached a place; all that come after one that has, have too.</summary>
    public delegate bool Reaches<T, TPlace>(in T item, TPlace place);

    /// <summary>The first index whose item has reached the place, or the number of items.</summary>
    public static int FindFirst<T, TPlace>(ReadOnlySpan<T> items, TPlace place, Reaches<T, TPlace> reaches)
    {
        int low = 0;
        int high = items.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (reaches(items[middle], place))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
