using System;
using System.Collections.Generic;
using System.Threading;

namespace Asr.Oracle.Tests.Checking;

/// <summary>What a write did to its range.</summary>
internal enum WriteKind
{
    Stamp,
    Zero,
}

/// <summary>
/// One request of the workload. Times are ticks of the one strictly rising clock of the run: <see cref="Submit"/> is taken
/// before the request is made, <see cref="Complete"/> after its answer; no answer (crash, error) leaves it at the end of time.
/// </summary>
internal sealed class WriteRecord
{
    public required int Id { get; init; }

    public required long Offset { get; init; }

    public required long Length { get; init; }

    public required WriteKind Kind { get; init; }

    public required long Submit { get; init; }

    public long Complete { get; set; } = long.MaxValue;
}

/// <summary>Everything the workload did to one disk, by sector. Thread-safe while recording; read it when the workload rests.</summary>
internal sealed class WriteHistory(uint disk, ulong run, long lengthBytes)
{
    private readonly Lock _lock = new();
    private readonly List<WriteRecord> _writes = [];

    public uint Disk => disk;

    public ulong Run => run;

    public long LengthBytes => lengthBytes;

    public int Count => _writes.Count;

    public WriteRecord Begin(long offset, long length, WriteKind kind, Func<long> clock)
    {
        lock (_lock)
        {
            WriteRecord write = new() { Id = _writes.Count + 1, Offset = offset, Length = length, Kind = kind, Submit = clock() };
            _writes.Add(write);
            return write;
        }
    }

    public WriteRecord? Find(int id) => id >= 1 && id <= _writes.Count ? _writes[id - 1] : null;

    /// <summary>For each sector the writes that touched it.</summary>
    public List<WriteRecord>?[] BySector()
    {
        List<WriteRecord>?[] sectors = new List<WriteRecord>?[lengthBytes / SectorStamp.SectorBytes];
        foreach (WriteRecord write in _writes)
        {
            for (long s = write.Offset / SectorStamp.SectorBytes; s < (write.Offset + write.Length) / SectorStamp.SectorBytes; s++)
            {
                (sectors[s] ??= []).Add(write);
            }
        }

        return sectors;
    }
}
