using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Xunit;

namespace Asr.Engine.Tests.Faults;

/// <summary>Damage of every kind in every kind of file: found, named, never served; in derived data passed over.</summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private const int SmallFileBytes = 4096;
    private const int SamplesOfLarge = 1500;
    private const int TailBytes = 200;

    /// <summary>
    /// What damage in a kind of file must lead to. A new kind of file needs an entry here: either it holds what exists nowhere else, and damage must be
    /// named, or it is derived, and everything must read as before.
    /// </summary>
    private static readonly IReadOnlyDictionary<string, DamageOutcome> Kinds = new Dictionary<string, DamageOutcome>
    {
        [".json"] = DamageOutcome.Named,
        [".seg"] = DamageOutcome.Named,
        [".pak"] = DamageOutcome.Named,
        [".idx"] = DamageOutcome.Harmless,
    };

    /// <summary>With the workload that compacts, what lies dead between compactions may be damaged without harm, and only that.</summary>
    [Theory]
    [InlineData("damage", false)]
    [InlineData("damage-in-packs", true)]
    public async Task Every_flipped_bit_is_named_or_in_derived_data_and_harmless(string workload, bool mayBeDead)
    {
        DamagedVault vault = await DamagedVault.MakeAsync(workload);
        Random random = new(11);
        List<(string Kind, DamageOutcome Outcome)> flips = [];
        foreach (string path in vault.Paths)
        {
            byte[] content = vault.Files.ReadAll(path, int.MaxValue)!;
            foreach (int at in Places(content.Length, random))
            {
                byte[] damaged = (byte[])content.Clone();
                damaged[at] ^= (byte)(1 << random.Next(8));
                DamageOutcome outcome = await vault.TryAsync(path, damaged);
                bool isRight = outcome == Expected(path) || (mayBeDead && outcome == DamageOutcome.Harmless && path.StartsWith("/vault/disks/", StringComparison.Ordinal));
                Assert.True(isRight, $"A bit flipped in byte {at} of {content.Length} of '{path}': {outcome}");
                flips.Add((Path.GetExtension(path), outcome));
            }
        }

        Assert.Equal(DamageOutcome.Harmless, await vault.ReadEverythingAsync("nothing"));
        Assert.All(flips.GroupBy(static flip => flip.Kind), kind => Assert.Contains(kind, flip => flip.Outcome == Kinds[kind.Key]));
        Tell($"{workload}, bits flipped", flips);
    }

    [Theory]
    [InlineData("damage")]
    [InlineData("damage-in-packs")]
    public async Task Truncated_and_extended_files_are_named(string workload)
    {
        DamagedVault vault = await DamagedVault.MakeAsync(workload);
        Random random = new(12);
        List<(string Kind, DamageOutcome Outcome)> trials = [];
        foreach (string path in vault.Paths)
        {
            byte[] content = vault.Files.ReadAll(path, int.MaxValue)!;
            byte[][] damages =
            [
                [], content[..1], content[..^1], content[..^Math.Min(content.Length, 64)], content[..random.Next(content.Length)],
                [.. content, 0], [.. content, .. new byte[64]], [.. content, .. content], [0, .. content],
            ];
            foreach (byte[] damaged in damages)
            {
                DamageOutcome outcome = await vault.TryAsync(path, damaged);
                Assert.True(outcome == Expected(path), $"'{path}' with {damaged.Length} instead of {content.Length} bytes: {outcome}");
                trials.Add((Path.GetExtension(path), outcome));
            }
        }

        Tell($"{workload}, files cut or extended", trials);
    }

    [Theory]
    [InlineData("damage")]
    [InlineData("damage-in-packs")]
    public async Task A_genuine_file_in_place_of_another_is_named(string workload)
    {
        DamagedVault vault = await DamagedVault.MakeAsync(workload);
        List<(string Kind, DamageOutcome Outcome)> trials = [];
        foreach (string path in vault.Paths)
        {
            foreach (string other in vault.Paths.Where(other => other != path && Path.GetExtension(other) == Path.GetExtension(path)))
            {
                DamageOutcome outcome = await vault.TryAsync(path, vault.Files.ReadAll(other, int.MaxValue)!);
                Assert.True(outcome == Expected(path), $"'{other}' in place of '{path}': {outcome}");
                trials.Add((Path.GetExtension(path), outcome));
            }
        }

        Tell($"{workload}, files in place of others", trials);
    }

    [Theory]
    [InlineData("damage")]
    [InlineData("damage-in-packs")]
    public async Task A_file_that_is_gone_or_has_another_name_is_never_made_up_for(string workload)
    {
        DamagedVault vault = await DamagedVault.MakeAsync(workload);
        foreach (string path in vault.Paths.Where(static path => path.StartsWith("/vault/disks/", StringComparison.Ordinal)))
        {
            byte[] content = vault.Files.ReadAll(path, int.MaxValue)!;
            vault.Files.Delete(path);
            (int right, int refused) = await vault.ReadPositionsAsync();
            Assert.True(refused > 0 == (Expected(path) == DamageOutcome.Named), $"Without '{path}' {refused} positions were refused and {right} right.");
            foreach (string name in NamesLike(path).Where(name => !vault.Files.Files.Contains(name)))
            {
                vault.Files.Create(name, content);
                await vault.ReadPositionsAsync();
                vault.Files.Delete(name);
            }

            vault.Files.Create(path, content);
        }

        Assert.Equal(DamageOutcome.Harmless, await vault.ReadEverythingAsync("nothing"));
    }

    /// <summary>
    /// An old version of a document is genuine, and without a place of trust outside the vault nothing can tell that it is old: the vault shows what was then.
    /// What it must never do is read a position wrong because of it, one that compaction has dropped included. Nor because a document is gone.
    /// </summary>
    [Theory]
    [InlineData("damage")]
    [InlineData("damage-in-packs")]
    public async Task A_replayed_document_shows_the_past_and_never_wrong_data(string workload)
    {
        DamagedVault vault = await DamagedVault.MakeAsync(workload);
        int replays = 0;
        int refusals = 0;
        foreach (string path in vault.Paths.Where(static path => path.EndsWith(".json", StringComparison.Ordinal)))
        {
            byte[] now = vault.Files.ReadAll(path, int.MaxValue)!;
            foreach (byte[] version in vault.EarlierVersions(path))
            {
                vault.Files.Overwrite(path, version);
                (_, int refused) = await vault.ReadPositionsAsync();
                refusals += refused;
                replays++;
            }

            vault.Files.Delete(path);
            await vault.ReadPositionsAsync();
            vault.Files.Create(path, now);
        }

        output.WriteLine($"{workload}: {replays} old versions of documents replayed: {refusals} positions refused, none wrong");
        Assert.True(replays > 1 && refusals > 0, "Too few old versions prove nothing.");
    }

    private static DamageOutcome Expected(string path) => Kinds.TryGetValue(Path.GetExtension(path), out DamageOutcome expected)
        ? expected
        : throw new InvalidOperationException($"Nobody has said what damage in a file like '{path}' must lead to.");

    /// <summary>Every byte of a small file; of a large one its end and a sample.</summary>
    private static IEnumerable<int> Places(int length, Random random)
    {
        if (length <= SmallFileBytes)
        {
            return Enumerable.Range(0, length);
        }

        return Enumerable.Range(0, SamplesOfLarge).Select(_ => random.Next(length)).Concat(Enumerable.Range(length - TailBytes, TailBytes));
    }

    /// <summary>Names of the same shape: one number changed at a time.</summary>
    private static IEnumerable<string> NamesLike(string path)
    {
        string directory = Path.GetDirectoryName(path)!;
        string name = Path.GetFileName(path);
        foreach (int digit in new[] { 15, 32 })
        {
            char[] characters = name.ToCharArray();
            characters[digit] = characters[digit] == 'f' ? '0' : characters[digit] == '9' ? 'a' : (char)(characters[digit] + 1);
            yield return Path.Join(directory, new string(characters));
        }
    }

    private void Tell(string what, List<(string Kind, DamageOutcome Outcome)> trials)
    {
        foreach (IGrouping<string, (string Kind, DamageOutcome Outcome)> kind in trials.GroupBy(static trial => trial.Kind))
        {
            output.WriteLine($"{what}, {kind.Key}: {kind.Count()}, {kind.Count(static trial => trial.Outcome == DamageOutcome.Named)} named, {kind.Count(static trial => trial.Outcome == DamageOutcome.Harmless)} harmless: every read equal");
        }
    }
}
