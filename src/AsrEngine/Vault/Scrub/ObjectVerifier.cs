using System;
using System.Buffers;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Pacing;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Compaction;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Scrub;

/// <summary>Reads the objects of a disk whole, past all caches, and verifies every byte of them.</summary>
internal sealed class ObjectVerifier(ISegmentStore store, DiskKeys keys, long diskBytes, ScrubReader reader, BandwidthBudget budget)
{
    /// <summary>Bytes read so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>What is wrong with a segment or pack; null when nothing is.</summary>
    public async Task<ObjectDamage?> VerifyAsync(SegmentName name, CancellationToken cancellationToken)
    {
        SegmentTable? table = null;
        if (await reader.TryAsync(
            async () => table = await SegmentReader.OpenAsync(store, name, keys.For(name.Epoch), diskBytes, cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false) is { } unreadable)
        {
            return new ObjectDamage(name, ScrubReader.ProblemOf(unreadable), unreadable.Message, unreadable.Action, []);
        }

        await SpendAsync(TableBytes(table!), cancellationToken).ConfigureAwait(false);
        List<Change> damaged = [];
        AsrException? first = null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReplicationLimits.ChangeBytesMax);
        try
        {
            for (int i = 0; i < table!.Changes.Length; i++)
            {
                Change change = table.Changes[i];
                if (change.Kind != ChangeKind.Data)
                {
                    continue;
                }

                int entry = i;
                AsrException? problem = await reader.TryAsync(
                    () => SegmentReader.ReadContentAsync(store, table, entry, buffer.AsMemory(0, change.Length), cancellationToken).AsTask(), cancellationToken).ConfigureAwait(false);
                if (problem is { Code: AsrErrorCode.SegmentMissing })
                {
                    return new ObjectDamage(name, VaultProblem.Missing, problem.Message, problem.Action, []);
                }

                if (problem is not null)
                {
                    first ??= problem;
                    damaged.Add(change);
                }

                await SpendAsync(change.StoredLength + SegmentCipher.TagBytes, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return first is null ? null : new ObjectDamage(name, ScrubReader.ProblemOf(first), first.Message, first.Action, damaged);
    }

    /// <summary>
    /// What is wrong with an index run, given by its parts in order; null when nothing is. That the last part is missing is nothing: so it is while a run is written, and
    /// after a writer was killed over it.
    /// </summary>
    public async Task<ObjectDamage?> VerifyRunAsync(IReadOnlyList<SegmentName> parts, CancellationToken cancellationToken)
    {
        long bytes = 0;
        AsrException? problem = await reader.TryAsync(
            async () =>
            {
                bytes = 0;
                foreach (SegmentName part in parts)
                {
                    bytes += await store.GetLengthAsync(part, cancellationToken).ConfigureAwait(false) ?? 0;
                }

                // A cache of its own that keeps nothing.
                IndexRun run = await IndexRun.OpenAsync(store, parts, keys.For(parts[0].Epoch), diskBytes / Sectors.Bytes, new IndexPageCache(0), cancellationToken).ConfigureAwait(false);
                await run.VerifyAsync(cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        await SpendAsync(bytes, cancellationToken).ConfigureAwait(false);
        if (problem is null || problem is StoredObjectException { Code: AsrErrorCode.SegmentMissing } end && end.Object.Generation == parts.Count)
        {
            return null;
        }

        return new ObjectDamage(
            problem is StoredObjectException stored ? stored.Object : parts[0],
            ScrubReader.ProblemOf(problem),
            problem.Message,
            "No data is lost: the index is passed over and costs time until the next one takes its place. Check the vault's storage.",
            []);
    }

    private static long TableBytes(SegmentTable table) =>
        SegmentTrailer.Bytes + SegmentCipher.TagBytes + ((long)table.Changes.Length * (table.Name.Kind == SegmentKind.Pack ? PackFormat.EntryBytes : ChangeBatchFormat.EntryBytes));

    private Task SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        BytesRead += bytes;
        return budget.SpendAsync(bytes, cancellationToken);
    }
}
