using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Asr.Agent.Capture.Bpf;

/// <summary>The table of writes under way, as the agent reads it. Not thread-safe.</summary>
/// <param name="map">The hash; stays the caller's.</param>
internal sealed unsafe class UnderWayTable(SafeFileHandle map) : IDisposable
{
    private const int BatchMax = 4096;

    private readonly ulong* _keys = (ulong*)NativeMemory.Alloc(BatchMax, sizeof(ulong));
    private readonly WriteUnderWay* _values = (WriteUnderWay*)NativeMemory.Alloc(BatchMax, WriteUnderWay.Bytes);
    private readonly List<(ulong Bio, WriteUnderWay Write)> _entries = [];
    private HashSet<(ulong Bio, long BeganNs)> _ended = [];
    private HashSet<(ulong Bio, long BeganNs)> _endedBefore = [];
    private bool _isDisposed;

    /// <summary>
    /// Everything in it but what is known to have ended. A write that has been in it since before the call, and still is, is among it. Valid until the next call.
    /// </summary>
    public IReadOnlyList<(ulong Bio, WriteUnderWay Write)> Read()
    {
        _entries.Clear();
        (_ended, _endedBefore) = (_endedBefore, _ended);
        _ended.Clear();
        uint cursor = 0;
        while (true)
        {
            int count = BatchMax;
            int result = BpfCalls.LookUpBatch(map, ref cursor, _keys, _values, ref count);
            if (result is 0 or -BpfCalls.NoEntry)
            {
                for (int i = 0; i < count; i++)
                {
                    Take(_keys[i], _values[i]);
                }
            }

            if (result == -BpfCalls.NoEntry)
            {
                return _entries;
            }

            BpfObject.RequireSuccess(result, "to read the writes under way");
        }
    }

    /// <summary>
    /// Notes that a write has ended though its end was missed. The entry stays, for a new write may have taken it over in this moment; when one does, it is another
    /// entry by its time.
    /// </summary>
    public void NoteEnded(ulong bio, WriteUnderWay write) => _ended.Add((bio, write.BeganNs));

    private void Take(ulong bio, WriteUnderWay write)
    {
        if (_endedBefore.Contains((bio, write.BeganNs)))
        {
            _ended.Add((bio, write.BeganNs));
        }
        else
        {
            _entries.Add((bio, write));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            NativeMemory.Free(_keys);
            NativeMemory.Free(_values);
        }
    }
}
