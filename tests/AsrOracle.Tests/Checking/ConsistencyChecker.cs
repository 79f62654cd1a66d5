using System;
using System.Collections.Generic;

namespace Asr.Oracle.Tests.Checking;

/// <summary>
/// Decides whether images of a machine's disks can be the state at one instant of its history. A cut T explains a sector that
/// shows write o when o had been submitted by T and no write that began after o had ended was complete before T: such a write would be
/// missing. A recovery point is right only if one T explains every sector of every disk, and honest only if that T is not before the
/// time it claims (nor much after). Writes that overlap in time may be seen in either order, sector by sector.
/// </summary>
internal sealed class ConsistencyChecker
{
    private readonly List<string> _violations = [];
    private List<TimeWindow> _cuts = [TimeWindow.Always];
    private string _narrowest = "nothing yet";

    /// <summary>What is wrong, empty when all is well. At most 20 are kept.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Takes one disk's image into account.</summary>
    public void AddDisk(WriteHistory history, ReadOnlySpan<byte> image)
    {
        if (image.Length != history.LengthBytes)
        {
            Violate($"disk {history.Disk}: the image is {image.Length} bytes, the disk {history.LengthBytes}");
            return;
        }

        List<WriteRecord>?[] bySector = history.BySector();
        for (int s = 0; s < bySector.Length; s++)
        {
            AddSector(history, s, image.Slice(s * SectorStamp.SectorBytes, SectorStamp.SectorBytes), bySector[s]);
        }
    }

    /// <summary>Compares the possible cuts with the time that the point claims.</summary>
    /// <param name="claimed">Ticks of the run's clock.</param>
    /// <param name="toleranceTicks">How much newer than claimed the content may be.</param>
    public void CheckClaim(long claimed, long toleranceTicks)
    {
        if (_cuts.Count == 0)
        {
            return;
        }

        // The content must reach at least to the claimed time: some cut at or after it. Content a little newer is allowed.
        List<TimeWindow> honest = TimeWindows.Intersect(_cuts, [new TimeWindow(claimed, claimed + toleranceTicks)]);
        if (honest.Count == 0)
        {
            Violate($"claims {claimed}, but its content is that of {Describe(_cuts)}");
        }
    }

    private void AddSector(WriteHistory history, int s, ReadOnlySpan<byte> sector, List<WriteRecord>? writes)
    {
        if (!sector.ContainsAnyExcept((byte)0))
        {
            AddZeroSector(history, s, writes);
            return;
        }

        if (!SectorStamp.TryRead(sector, history.Disk, history.Run, s, out int id, out string? fault))
        {
            Violate($"disk {history.Disk} sector {s} {fault}");
            return;
        }

        WriteRecord? seen = history.Find(id);
        if (seen is null || seen.Kind != WriteKind.Stamp || writes is null || !writes.Contains(seen))
        {
            Violate($"disk {history.Disk} sector {s} shows write {id}, which never wrote there");
            return;
        }

        Narrow([Window(seen, writes)], $"disk {history.Disk} sector {s} showing write {id}");
    }

    // Zeros may be the beginning or any of the writes of zeros: each offers a window, one of them must hold.
    private void AddZeroSector(WriteHistory history, int s, List<WriteRecord>? writes)
    {
        if (writes is null)
        {
            return;
        }

        List<TimeWindow> windows = [new TimeWindow(long.MinValue, FirstCompletion(writes, after: long.MinValue))];
        foreach (WriteRecord write in writes)
        {
            if (write.Kind == WriteKind.Zero)
            {
                windows.Add(Window(write, writes));
            }
        }

        windows.RemoveAll(w => w.From > w.To);
        Narrow(TimeWindows.Union(windows), $"disk {history.Disk} sector {s} showing zeros");
    }

    private static TimeWindow Window(WriteRecord seen, List<WriteRecord> writes) =>
        new(seen.Submit, FirstCompletion(writes, after: seen.Complete));

    private static long FirstCompletion(List<WriteRecord> writes, long after)
    {
        long first = long.MaxValue;
        foreach (WriteRecord write in writes)
        {
            if (write.Submit > after)
            {
                first = Math.Min(first, write.Complete);
            }
        }

        return first;
    }

    private void Narrow(List<TimeWindow> windows, string why)
    {
        if (_cuts.Count == 0)
        {
            return;
        }

        List<TimeWindow> narrowed = TimeWindows.Intersect(_cuts, windows);
        if (narrowed.Count == 0)
        {
            Violate($"no instant explains {why} ({Describe(windows)}) together with the rest ({Describe(_cuts)}, narrowed last by {_narrowest})");
        }

        if (narrowed.Count != _cuts.Count || (narrowed.Count > 0 && narrowed[0] != _cuts[0]))
        {
            _narrowest = why;
        }

        _cuts = narrowed;
    }

    private void Violate(string what)
    {
        if (_violations.Count < 20)
        {
            _violations.Add(what);
        }
    }

    private static string Describe(List<TimeWindow> windows) => string.Join(" or ", windows.ConvertAll(w => $"{w.From}..{w.To}"));
}
