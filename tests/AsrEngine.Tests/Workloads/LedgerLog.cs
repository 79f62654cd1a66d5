using System;
using System.Collections.Generic;
using System.Threading;

namespace Asr.Engine.Tests.Workloads;

/// <summary>The ledger as it grows, and after how many file operations each entry was made. Safe for concurrent callers.</summary>
internal sealed class LedgerLog(Func<long> operations)
{
    private readonly Lock _lock = new();
    private readonly List<(long After, Ledger Ledger)> _moments = [(0, new Ledger())];

    public Ledger Current
    {
        get
        {
            lock (_lock)
            {
                return _moments[^1].Ledger;
            }
        }
    }

    public void Add(Func<Ledger, Ledger> change)
    {
        lock (_lock)
        {
            _moments.Add((operations(), change(_moments[^1].Ledger)));
        }
    }

    /// <summary>
    /// What was promised when so many operations had reached the disk. An answer that came before the next operation counts as given: the cut may
    /// come right after it.
    /// </summary>
    public Ledger At(long operation)
    {
        lock (_lock)
        {
            int low = 0;
            int high = _moments.Count;
            while (high - low > 1)
            {
                int middle = (low + high) / 2;
                (low, high) = _moments[middle].After <= operation ? (middle, high) : (low, middle);
            }

            return _moments[low].Ledger;
        }
    }
}
