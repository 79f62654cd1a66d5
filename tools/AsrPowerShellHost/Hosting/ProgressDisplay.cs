using System;
using System.Collections.Generic;
using System.IO;
using System.Management.Automation;

namespace Asr.PowerShellHost.Hosting;

/// <summary>
/// Progress as one line that is rewritten in place on a terminal. Elsewhere a plain line is written when an activity
/// starts, at every further quarter, and at its end, so that a log stays readable.
/// </summary>
internal sealed class ProgressDisplay
{
    private const int PlainStepPercent = 25;
    private const long RedrawIntervalMs = 100;
    private readonly Dictionary<int, int> _plainStepOfActivity = [];
    private readonly TextWriter _output;
    private readonly bool _isTerminal;
    private bool _isDrawn;
    private long _drawnAtMs;

    public ProgressDisplay(TextWriter output, bool isTerminal)
    {
        _output = output;
        _isTerminal = isTerminal;
    }

    public void Show(ProgressRecord record)
    {
        if (_isTerminal)
        {
            Draw(record);
        }
        else
        {
            Log(record);
        }
    }

    /// <summary>Takes the line off the terminal, so that other output can be written.</summary>
    public void Clear()
    {
        if (_isDrawn)
        {
            _output.Write("\r\u001b[K");
            _isDrawn = false;
        }
    }

    private static string Describe(ProgressRecord record)
    {
        string percent = record.PercentComplete >= 0 ? $"{record.PercentComplete,3}% " : "";
        string left = record.SecondsRemaining >= 0 ? $" ({TimeSpan.FromSeconds(record.SecondsRemaining):g} left)" : "";
        string operation = string.IsNullOrEmpty(record.CurrentOperation) ? "" : $" - {record.CurrentOperation}";
        return $"{percent}{record.Activity}: {record.StatusDescription}{operation}{left}";
    }

    private void Draw(ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            Clear();
            return;
        }

        long nowMs = Environment.TickCount64;
        if (_isDrawn && nowMs - _drawnAtMs < RedrawIntervalMs)
        {
            return;
        }

        _drawnAtMs = nowMs;
        string line = Describe(record);
        int columns = Console.WindowWidth > 1 ? Console.WindowWidth - 1 : line.Length;
        _output.Write("\r\u001b[K" + (line.Length > columns ? line[..columns] : line));
        _isDrawn = true;
    }

    private void Log(ProgressRecord record)
    {
        if (record.RecordType == ProgressRecordType.Completed)
        {
            if (_plainStepOfActivity.Remove(record.ActivityId))
            {
                _output.WriteLine($"     {record.Activity}: done");
            }

            return;
        }

        int step = Math.Max(record.PercentComplete, 0) / PlainStepPercent;
        bool isNew = !_plainStepOfActivity.TryGetValue(record.ActivityId, out int shownStep);
        if (isNew || step > shownStep)
        {
            _plainStepOfActivity[record.ActivityId] = step;
            _output.WriteLine(Describe(record));
        }
    }
}
