using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Threading;

namespace Asr.Engine.Vault.Replica;

/// <summary>Keeps the most recently used values up to a total cost. Values are immutable and shared. Safe for concurrent callers.</summary>
internal class BoundedCache<TKey, TValue>(long costMax)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> _byKey = [];
    private readonly LinkedList<Entry> _byAge = [];
    private long _cost;

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_lock)
        {
            if (!_byKey.TryGetValue(key, out LinkedListNode<Entry>? node))
            {
                value = default;
                return false;
            }

            _byAge.Remove(node);
            _byAge.AddFirst(node);
            value = node.Value.Value;
            return true;
        }
    }

    /// <summary>Adds a value. One that is there already stays; one dearer than the whole cache is not kept.</summary>
    public void Add(TKey key, TValue value, long cost)
    {
        lock (_lock)
        {
            if (cost > costMax || _byKey.ContainsKey(key))
            {
                return;
            }

            _byKey[key] = _byAge.AddFirst(new Entry(key, value, cost));
            _cost += cost;
            while (_cost > costMax)
            {
                Entry oldest = _byAge.Last!.Value;
                _byAge.RemoveLast();
                _byKey.Remove(oldest.Key);
                _cost -= oldest.Cost;
            }
        }
    }

    /// <summary>Forgets what a condition holds for.</summary>
    public void RemoveAll(Func<TKey, bool> condition)
    {
        lock (_lock)
        {
            foreach (LinkedListNode<Entry> node in _byKey.Values.Where(node => condition(node.Value.Key)).ToArray())
            {
                _byAge.Remove(node);
                _byKey.Remove(node.Value.Key);
                _cost -= node.Value.Cost;
            }
        }
    }

    private readonly record struct Entry(TKey Key, TValue Value, long Cost);
}
