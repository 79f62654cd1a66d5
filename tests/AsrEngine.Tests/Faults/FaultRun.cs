using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Workloads;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Faults;

/// <summary>
/// A workload on storage that fails. Each error that comes through must have a code that says so; then the vault is judged as it lies, the fault ends, and the
/// call is made again. At the end everything must be as if nothing had happened.
/// </summary>
internal sealed class FaultRun
{
    private readonly SimulatedFileLayer _files = new();
    private readonly StorageFaults _faults;
    private readonly Workload _workload;
    private readonly Random _random;
    private readonly List<AsrErrorCode> _errors = [];
    private readonly bool _endsWhenTold;
    private readonly LedgerLog _log = new(static () => 0);

    /// <summary>Prepares a run.</summary>
    /// <param name="workload">What is done.</param>
    /// <param name="seed">Of the workload's dice.</param>
    /// <param name="fault">Asked before each file operation.</param>
    /// <param name="endsWhenTold">True when the fault ends once the vault has told of it; then a copy of the vault is judged each time, unless calls go on beside.</param>
    public FaultRun(Workload workload, int seed, Func<FileOperation, string, Exception?> fault, bool endsWhenTold)
    {
        _workload = workload;
        _random = new Random(seed);
        _endsWhenTold = endsWhenTold;
        _faults = new StorageFaults(_files) { Injected = fault };
    }

    /// <summary>The errors that came through, in order.</summary>
    public IReadOnlyList<AsrErrorCode> Errors => _errors;

    /// <summary>Runs, and judges what the storage holds in the end.</summary>
    public async Task RunAsync()
    {
        await using (VaultScript script = new(_files, _log, _workload.Options) { OnTrouble = OnTroubleAsync })
        {
            await _workload.RunAsync(new WorkloadContext(script, _faults, _random));
        }

        _faults.Injected = null;
        await JudgeAsync("in the end", CrashFate.KeepsAll);
        await JudgeAsync("in the end, after a power cut", CrashFate.LosesAll);
    }

    private async Task<bool> OnTroubleAsync(AsrException error)
    {
        Assert.True(error.Code is AsrErrorCode.VaultFull or AsrErrorCode.VaultUnavailable or AsrErrorCode.SpoolFull, $"A storage fault was told as {error}");
        Assert.False(string.IsNullOrEmpty(error.Action), $"No advice: {error}");
        _errors.Add(error.Code);
        if (_endsWhenTold)
        {
            _faults.Injected = null;
            if (!_workload.IsConcurrent)
            {
                await JudgeAsync("when the fault was told", CrashFate.KeepsAll);
                await JudgeAsync("after a power cut right after the fault", CrashFate.Drawn(_random));
            }
        }

        return true;
    }

    private async Task JudgeAsync(string when, CrashFate fate)
    {
        IReadOnlyList<string> violations = await VaultJudge.JudgeAsync(_files.Crash(fate), _log.Current, _workload.Options, _random);
        Assert.True(violations.Count == 0, $"{when}:{Environment.NewLine}{string.Join(Environment.NewLine, violations)}{Environment.NewLine}{_log.Current}");
    }
}
