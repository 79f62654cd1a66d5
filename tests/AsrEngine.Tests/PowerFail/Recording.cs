using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Engine.Tests.Workloads;
using Asr.Engine.Vault;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>What a workload did to the disk, operation by operation, and what it was promised meanwhile.</summary>
internal sealed record Recording(Workload Workload, int Seed, FileStep[] Steps, LedgerLog Log)
{
    /// <summary>Runs a workload on a recorded file system; <paramref name="plant"/> may put a bug between the vault and the recorder.</summary>
    public static async Task<Recording> MakeAsync(Workload workload, int seed, Func<IFileLayer, IFileLayer>? plant = null)
    {
        SimulatedFileLayer disk = new();
        FileRecorder recorder = new(disk);
        LedgerLog log = new(() => recorder.Count);
        await using (VaultScript script = new(plant?.Invoke(recorder) ?? recorder, log, workload.Options))
        {
            await workload.RunAsync(new WorkloadContext(script, new StorageFaults(disk), new Random(seed)));
        }

        return new Recording(workload, seed, recorder.Steps, log);
    }

    /// <summary>
    /// Crash states after each operation: nothing unsynced found, all of it found, names without contents, and <paramref name="draws"/> drawn ones.
    /// States that differ in nothing are given once.
    /// </summary>
    public IEnumerable<CrashState> CrashStates(int draws)
    {
        SimulatedFileLayer disk = new();
        Random dice = new(Seed);
        HashSet<(Ledger Ledger, UInt128 Files)> seen = new(SameMoment.Instance);
        for (int step = 0; step <= Steps.Length; step++)
        {
            if (step > 0)
            {
                Steps[step - 1].Apply(disk);
            }

            Ledger ledger = Log.At(step);
            for (int draw = -3; draw < (disk.IsDurable ? -2 : draws); draw++)
            {
                SimulatedFileLayer found = disk.Crash(FateOf(draw, dice));
                if (seen.Add((ledger, found.Fingerprint())))
                {
                    yield return new CrashState(this, step, draw, found, ledger);
                }
            }
        }
    }

    private static CrashFate FateOf(int draw, Random dice) => draw switch
    {
        -3 => CrashFate.LosesAll,
        -2 => CrashFate.KeepsAll,
        -1 => CrashFate.KeepsNames,
        _ => CrashFate.Drawn(dice),
    };

    /// <summary>Promises are compared by identity: a ledger's entries are many, and a new one is made whenever one changes.</summary>
    private sealed class SameMoment : IEqualityComparer<(Ledger Ledger, UInt128 Files)>
    {
        public static SameMoment Instance { get; } = new();

        public bool Equals((Ledger Ledger, UInt128 Files) x, (Ledger Ledger, UInt128 Files) y) => ReferenceEquals(x.Ledger, y.Ledger) && x.Files == y.Files;

        public int GetHashCode((Ledger Ledger, UInt128 Files) obj) => obj.Files.GetHashCode();
    }
}
