using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Workloads;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Faults;

/// <summary>Storage that is full or fails, at each operation of each workload in turn.</summary>
public sealed class StorageFaultTests(ITestOutputHelper output)
{
    private const int NoSpace = 28;
    private const int IoError = 5;

    // Far more than a run takes on a busy machine: reaching it is a hang.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Names => [.. WorkloadCatalog.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Full_at_any_write_is_told_leaves_nothing_half_done_and_ends_with_the_space(string name)
    {
        // Full for a while, and until the vault has told of it: the attempts in between fail as well.
        IReadOnlyList<AsrErrorCode> errors = await SweepAsync(name, NoSpace, lasts: 20, IsWrite);
        Assert.All(errors, static code => Assert.True(code is AsrErrorCode.VaultFull or AsrErrorCode.SpoolFull, $"A full disk was told as {code}"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_failed_sync_anywhere_is_told_and_what_it_was_for_is_written_anew(string name) =>
        await SweepAsync(name, IoError, lasts: 1, static operation => operation is FileOperation.SyncFile or FileOperation.SyncDirectory);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_failed_read_anywhere_is_told_and_never_taken_for_an_absence(string name) =>
        await SweepAsync(name, IoError, lasts: 1, IsRead);

    [Theory]
    [MemberData(nameof(Names))]
    public async Task With_one_read_in_a_hundred_failing_nothing_is_ever_wrong(string name)
    {
        int reads = 0;
        int failed = 0;
        int told = 0;
        for (int seed = 1; seed <= 4; seed++)
        {
            Random dice = new(seed);
            Lock diceLock = new();
            FaultRun run = new(
                WorkloadCatalog.Find(name),
                seed,
                (operation, path) =>
                {
                    if (!IsRead(operation))
                    {
                        return null;
                    }

                    lock (diceLock)
                    {
                        reads++;
                        if (dice.Next(100) != 0)
                        {
                            return null;
                        }

                        failed++;
                        return Fault(IoError, path);
                    }
                },
                endsWhenTold: false);
            await run.RunAsync().WaitAsync(Hang, TestContext.Current.CancellationToken);
            told += run.Errors.Count;
        }

        output.WriteLine($"{name}: {failed} of {reads} reads failed, {told} calls told of it and were made again");
    }

    // What may need space: a file's sync too, where blocks are given late.
    private static bool IsWrite(FileOperation operation) => operation
        is FileOperation.Create or FileOperation.CreateDirectory or FileOperation.Replace or FileOperation.TryRename or FileOperation.SyncFile;

    private static bool IsRead(FileOperation operation) => operation is FileOperation.Read or FileOperation.List;

    private static IOException Fault(int errno, string path) => new($"'{path}': injected", errno);

    /// <summary>Runs the workload once for each operation of a kind, which fails in that run, with those after it for as long as the fault lasts.</summary>
    private async Task<IReadOnlyList<AsrErrorCode>> SweepAsync(string name, int errno, int lasts, Func<FileOperation, bool> isHit)
    {
        List<AsrErrorCode> errors = [];
        int runs = 0;
        for (bool wasReached = true; wasReached; runs++)
        {
            int at = runs;
            int count = -1;
            FaultRun run = new(
                WorkloadCatalog.Find(name),
                seed: 1,
                (operation, path) =>
                {
                    int number = isHit(operation) ? Interlocked.Increment(ref count) : -1;
                    return number >= at && number < at + lasts ? Fault(errno, path) : null;
                },
                endsWhenTold: true);
            await run.RunAsync().WaitAsync(Hang, TestContext.Current.CancellationToken);
            errors.AddRange(run.Errors);
            wasReached = count >= at;
        }

        output.WriteLine($"{name}: {runs - 1} operations failed, one in each run; {errors.Count} errors told: {string.Join(", ", errors.CountBy(static code => code).Select(static codes => $"{codes.Value} {codes.Key}"))}");
        Assert.True(runs > 20, "A sweep over so few operations proves nothing.");
        return errors;
    }
}
