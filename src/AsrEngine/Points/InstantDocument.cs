using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.Engine.Points;

/// <summary>Instants of one machine as a document of its collection <c>instants-MACHINE</c>; see docs/formats/vault.md. Small: each instant is its steps from the one before.</summary>
internal sealed record InstantDocument
{
    /// <summary>Instants of one document at most: ten minutes of a busy machine.</summary>
    public const int InstantsMax = 600;

    private const int DisksMax = 4_096;

    /// <summary>Rows of instants that share disks and epochs.</summary>
    public IReadOnlyList<InstantRun> Runs { get; init; } = [];

    /// <summary>Packs instants in their order.</summary>
    public static InstantDocument Pack(IReadOnlyList<MachineInstant> instants)
    {
        List<InstantRun> runs = [];
        List<long[]> steps = [];
        MachineInstant? previous = null;
        foreach (MachineInstant instant in instants)
        {
            if (previous is not null && TryStep(previous, instant) is { } step)
            {
                steps.Add(step);
            }
            else
            {
                Close();
                runs.Add(new InstantRun { Start = instant.Time, Source = instant.Source, Disks = instant.Disks });
            }

            previous = instant;
        }

        Close();
        return new InstantDocument { Runs = runs };

        void Close()
        {
            if (runs.Count > 0)
            {
                runs[^1] = runs[^1] with { Steps = steps };
                steps = [];
            }
        }
    }

    /// <summary>The instants in their order; <see cref="AsrErrorCode.VaultDocumentCorrupt"/> for what <see cref="Pack"/> never makes.</summary>
    public static List<MachineInstant> Read(string collection, CatalogDocument stored)
    {
        InstantDocument document = CatalogJson.Read<InstantDocument>(collection, stored);
        List<MachineInstant> instants = [];
        foreach (InstantRun? run in document.Runs ?? [])
        {
            if (run is null || !run.TryUnpack(InstantsMax - instants.Count, DisksMax, instants))
            {
                throw new AsrException(
                    AsrErrorCode.VaultDocumentCorrupt,
                    $"Document {collection}/{stored.Id} holds instants that cannot be.",
                    "Restore this document from a copy of the vault, or delete it: only the seconds it names are lost, no recovery point.",
                    $"{collection}/{stored.Id}");
            }
        }

        return instants;
    }

    // Null when the later instant does not continue the row: other disks, another epoch, or a clock that went back.
    private static long[]? TryStep(MachineInstant from, MachineInstant to)
    {
        long[] step = new long[1 + to.Disks.Count];
        step[0] = to.Time.UtcTicks - from.Time.UtcTicks;
        if (step[0] < 0 || from.Source != to.Source || from.Disks.Count != to.Disks.Count)
        {
            return null;
        }

        for (int i = 0; i < to.Disks.Count; i++)
        {
            step[i + 1] = to.Disks[i].Position.Sequence - from.Disks[i].Position.Sequence;
            if (from.Disks[i].DiskId != to.Disks[i].DiskId || from.Disks[i].Position.Epoch != to.Disks[i].Position.Epoch || step[i + 1] < 0)
            {
                return null;
            }
        }

        return step;
    }
}

/// <summary>Instants one after another.</summary>
internal sealed record InstantRun
{
    /// <summary>Time of the first one.</summary>
    public DateTimeOffset Start { get; init; }

    /// <summary>Side on which the machine ran.</summary>
    public ActiveLocation Source { get; init; }

    /// <summary>Positions of the first one.</summary>
    public IReadOnlyList<DiskBase> Disks { get; init; } = [];

    /// <summary>For each further one: ticks since the one before, then how far each disk's sequence went on.</summary>
    public IReadOnlyList<long[]> Steps { get; init; } = [];

    /// <summary>Adds the instants; false when they break a bound.</summary>
    public bool TryUnpack(int instantsMax, int disksMax, List<MachineInstant> instants)
    {
        if (Disks is not { Count: >= 1 } || Disks.Count > disksMax || Steps is null || Steps.Count >= instantsMax
            || !Disks.All(static disk => disk is { Position: { Epoch: >= 1, Sequence: >= 0 } }))
        {
            return false;
        }

        MachineInstant instant = new() { Time = Start, Source = Source, Disks = Disks };
        instants.Add(instant);
        foreach (long[]? step in Steps)
        {
            if (step is null || step.Length != 1 + Disks.Count || Array.Exists(step, static value => value < 0)
                || step[0] > DateTimeOffset.MaxValue.UtcTicks - instant.Time.UtcTicks)
            {
                return false;
            }

            DiskBase[] disks = new DiskBase[Disks.Count];
            for (int i = 0; i < disks.Length; i++)
            {
                StreamPosition position = instant.Disks[i].Position;
                if (step[i + 1] > long.MaxValue - position.Sequence)
                {
                    return false;
                }

                disks[i] = instant.Disks[i] with { Position = position with { Sequence = position.Sequence + step[i + 1] } };
            }

            instant = instant with { Time = instant.Time.AddTicks(step[0]), Disks = disks };
            instants.Add(instant);
        }

        return true;
    }
}
