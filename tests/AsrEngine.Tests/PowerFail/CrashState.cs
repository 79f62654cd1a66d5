using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Engine.Tests.Workloads;
using Asr.Tests.Shared;

namespace Asr.Engine.Tests.PowerFail;

/// <summary>What may be found after power failed behind the operation <paramref name="Step"/>, and what had been promised by then.</summary>
internal sealed record CrashState(Recording Recording, int Step, int Draw, SimulatedFileLayer Files, Ledger Ledger)
{
    private const int StepsShown = 12;
    private const string LedgerFile = "ledger.json";
    private const string FilesFolder = "files";

    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    // Of the judge's choices.
    private int Seed => (Step * 1000) + Draw;

    /// <summary>Reopens the vault on a copy of it.</summary>
    public Task<IReadOnlyList<string>> JudgeAsync() => JudgeAsync(Files, Ledger, Recording.Workload, Seed);

    /// <summary>Judges a state that <see cref="Save"/> kept.</summary>
    public static Task<IReadOnlyList<string>> JudgeSavedAsync(string folder, Func<string, Workload> findWorkload)
    {
        SimulatedFileLayer files = new();
        string root = Path.Join(folder, FilesFolder);
        foreach (string path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            string name = path[root.Length..];
            files.CreateDirectory(Path.GetDirectoryName(name)!);
            files.Create(name, File.ReadAllBytes(path));
        }

        SavedLedger saved = JsonSerializer.Deserialize<SavedLedger>(File.ReadAllBytes(Path.Join(folder, LedgerFile)), Json)!;
        return JudgeAsync(files, saved.Ledger, findWorkload(saved.Workload), saved.Seed);
    }

    /// <summary>Keeps the state in a folder, so that it can be judged alone.</summary>
    public void Save(string folder)
    {
        foreach (string name in Files.Files)
        {
            string path = Path.Join(folder, FilesFolder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, Files.ReadAll(name, int.MaxValue)!);
        }

        File.WriteAllBytes(Path.Join(folder, LedgerFile), JsonSerializer.SerializeToUtf8Bytes(new SavedLedger(Recording.Workload.Name, Seed, Ledger), Json));
    }

    /// <summary>All there is to know of a state that the vault did not stand.</summary>
    public string Describe(IEnumerable<string> violations)
    {
        StringBuilder text = new();
        text.AppendLine($"workload {Recording.Workload.Name}, seed {Recording.Seed}: power fails after operation {Step} of {Recording.Steps.Length}, draw {Draw}");
        text.AppendJoin("", violations.Select(violation => $"  WRONG: {violation}{Environment.NewLine}"));
        text.AppendLine("the last operations:");
        text.AppendJoin("", Recording.Steps.Take(Step).TakeLast(StepsShown).Select(step => $"  {step}{Environment.NewLine}"));
        text.AppendLine("what was promised:");
        text.Append(Ledger);
        string folder = Directory.CreateTempSubdirectory("asr-power-fail-").FullName;
        Save(folder);
        text.AppendLine($"judge it alone: {PowerFailTests.ReplayVariable}={folder} AsrEngine.Tests -class {typeof(PowerFailTests).FullName}");
        return text.ToString();
    }

    private static Task<IReadOnlyList<string>> JudgeAsync(SimulatedFileLayer files, Ledger ledger, Workload workload, int seed) =>
        VaultJudge.JudgeAsync(files.Crash(CrashFate.KeepsAll), ledger, workload.Options, new Random(seed));

    private sealed record SavedLedger(string Workload, int Seed, Ledger Ledger);
}
