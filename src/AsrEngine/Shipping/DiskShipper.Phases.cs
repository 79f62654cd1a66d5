using System;
using System.Threading;

namespace Asr.Engine.Shipping;

/// <content>Phases: initial replication and resynchronisation, from their start until nothing is pending.</content>
internal sealed partial class DiskShipper
{
    /// <summary>Longer than the interval of reports: the comparison of a small disk is over before one leaves, and must be seen all the same.</summary>
    private static readonly TimeSpan ReasonShownMin = TimeSpan.FromSeconds(3);

    private readonly Lock _phaseGate = new();
    private long _phaseRegions;
    private bool _phaseCoversAll;
    private string? _phaseReason;
    private string? _shownReason;
    private long _shownSince;
    private long _askedGeneration;
    private long _phaseGeneration;

    /// <summary>Why a comparison runs, or ran a moment ago, that nobody asked for; else null.</summary>
    public string? ResynchronizeReason
    {
        get
        {
            lock (_phaseGate)
            {
                if (_time.GetElapsedTime(_shownSince) >= ReasonShownMin)
                {
                    _shownReason = null;
                }

                return _phaseReason ?? _shownReason;
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
                return _phaseRegions == 0 ? null : 100.0 * Math.Max(0, _phaseRegions - pending) / _phaseRegions;
            }
        }
    }

    /// <summary>True from the beginning of an initial replication or comparison to its end.</summary>
    private bool IsInPhase
    {
        get
        {
            lock (_phaseGate)
            {
                return _phaseRegions != 0;
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

    /// <summary>Compares the whole disk because what was tracked of it may lack something.</summary>
    private void CompareAll(string reason)
    {
        lock (_phaseGate)
        {
            _replicaIsEmpty = false;
            Ledger.MakeAllPending();
            _phaseCoversAll = true;
        }

        BeginPhase(coversAll: true, reason);
        _news.Set();
    }

    private void BeginPhase(bool coversAll, string? reason)
    {
        lock (_phaseGate)
        {
            // A comparison that was asked for and had not ended goes on: its regions are pending still, or all are.
            _phaseCoversAll |= coversAll;
            _phaseGeneration = _askedGeneration;
            if (reason is not null)
            {
                // What is found beside it or right after it mostly follows from it: the first reason stays until it has been seen.
                string told = ResynchronizeReason ?? reason;
                (_phaseReason, _shownReason) = (told, told);
                _shownSince = _time.GetTimestamp();
                ShippingLog.ComparisonBegun(_logger, Capture.Id, reason);
            }

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

            if (_phaseRegions != 0)
            {
                PhaseEnded?.Invoke();
                _news.Set();
            }

            _phaseRegions = 0;
            _phaseCoversAll = false;
            _phaseReason = null;
        }
    }
}
