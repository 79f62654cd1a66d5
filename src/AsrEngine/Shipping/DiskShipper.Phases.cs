using System.Threading;

namespace Asr.Engine.Shipping;

/// <content>Phases: initial replication and resynchronisation, from their start until nothing is pending.</content>
internal sealed partial class DiskShipper
{
    private readonly Lock _phaseGate = new();
    private long _phaseRegions;
    private bool _phaseCoversAll;
    private string? _phaseReason;
    private long _askedGeneration;
    private long _phaseGeneration;

    /// <summary>Why a comparison runs that nobody asked for, or null.</summary>
    public string? ResynchronizeReason
    {
        get
        {
            lock (_phaseGate)
            {
                return _phaseReason;
            }
        }
    }

    /// <summary>0 to 100 of what was pending when the present phase began; null when there is none.</summary>
    public double? ProgressPercent
    {
        get
        {
            lock (_phaseGate)
            {
                long pending = Ledger.PendingRegions;
                return _phaseRegions == 0 ? null : 100.0 * System.Math.Max(0, _phaseRegions - pending) / _phaseRegions;
            }
        }
    }

    private bool CoversAll
    {
        get
        {
            lock (_phaseGate)
            {
                return _phaseCoversAll;
            }
        }
    }

    /// <summary>Last asked-for comparison that was completed.</summary>
    public long ResynchronizeGenerationDone => Capture.Activity.ResynchronizeGeneration;

    /// <summary>Compares the whole disk once for each new generation.</summary>
    public void Resynchronize(long generation)
    {
        lock (_phaseGate)
        {
            if (generation <= _askedGeneration || generation <= ResynchronizeGenerationDone)
            {
                return;
            }

            _askedGeneration = generation;

            // What is in the stream is in doubt, so that the replica was empty once proves nothing any more.
            _replicaIsEmpty = false;
            Ledger.MakeAllPending();
            _phaseGeneration = generation;
            _phaseCoversAll = true;
            _phaseRegions = Ledger.PendingRegions;
        }
    }

    private void BeginPhase(bool coversAll, string? reason)
    {
        lock (_phaseGate)
        {
            // A comparison that was asked for and had not ended goes on: its regions are pending still, or all are.
            _phaseCoversAll |= coversAll;
            _phaseGeneration = _askedGeneration;
            _phaseReason ??= reason;
            _phaseRegions = Ledger.PendingRegions;
        }
    }

    private void EndPhase()
    {
        lock (_phaseGate)
        {
            if (Ledger.PendingRegions != 0)
            {
                // A comparison was asked for in this moment.
                return;
            }

            if (_phaseCoversAll && _phaseGeneration > ResynchronizeGenerationDone)
            {
                Capture.Activity.SetResynchronizeGeneration(_phaseGeneration);
            }

            _phaseRegions = 0;
            _phaseCoversAll = false;
            _phaseReason = null;
        }
    }
}
