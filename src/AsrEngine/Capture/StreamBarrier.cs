using System;
using System.Collections.Generic;
using System.Linq;

namespace Asr.Engine.Capture;

/// <summary>
/// One instant of several disks. All stream locks are held at once, so a write that had ended on one disk before another began on the
/// next is in the point whenever the other is. The time is read while they are held: a write that had ended by then got its sequence before,
/// hence is in the point; the claimed time is never later than a write that the point lacks.
/// </summary>
internal static class StreamBarrier
{
    /// <summary>Takes the instant. Several callers may share disks: whatever order each names them in, the locks are taken in that of their ids.</summary>
    public static (DateTimeOffset Time, CaptureInstant[] Disks) Take(IReadOnlyList<DiskCapture> captures, TimeProvider time)
    {
        CaptureInstant[] instants = new CaptureInstant[captures.Count];
        DiskCapture[] inOrder = [.. captures.OrderBy(static capture => capture.Id)];
        int held = 0;
        try
        {
            for (; held < inOrder.Length; held++)
            {
                inOrder[held].Ledger.Gate.Enter();
            }

            DateTimeOffset now = time.GetUtcNow();
            for (int i = 0; i < instants.Length; i++)
            {
                instants[i] = captures[i].Ledger.ReadInstant();
            }

            return (now, instants);
        }
        finally
        {
            while (held > 0)
            {
                inOrder[--held].Ledger.Gate.Exit();
            }
        }
    }
}
