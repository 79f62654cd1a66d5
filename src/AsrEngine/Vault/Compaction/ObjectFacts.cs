using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Segments;
using Asr.Engine.Vault.Index;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault.Compaction;

/// <summary>What the table of a segment or pack tells in sum.</summary>
/// <param name="Bytes">Size of the object.</param>
/// <param name="DataSectors">Sectors of its contents.</param>
/// <param name="Entries">Entries of its table.</param>
internal readonly record struct ObjectFact(long Bytes, long DataSectors, int Entries);

/// <summary>Remembers the facts of objects, which never change, so that a compaction reads only the tables that are new since the last. Safe for concurrent callers.</summary>
internal sealed class ObjectFacts
{
    private readonly ConcurrentDictionary<SegmentName, ObjectFact> _facts = new();

    public async ValueTask<ObjectFact> DescribeAsync(ReplicaOpener opener, SegmentName name, CancellationToken cancellationToken)
    {
        if (!_facts.TryGetValue(name, out ObjectFact fact))
        {
            fact = Sum(await opener.ReadTableAsync(name, cancellationToken).ConfigureAwait(false));
            _facts[name] = fact;
        }

        return fact;
    }

    public void Forget(in SegmentName name) => _facts.TryRemove(name, out _);

    private static ObjectFact Sum(SegmentTable table)
    {
        int entryBytes = table.Name.Kind == SegmentKind.Pack ? PackFormat.EntryBytes : ChangeBatchFormat.EntryBytes;
        long bytes = SegmentTrailer.Bytes + SegmentCipher.TagBytes + ((long)table.Changes.Length * entryBytes);
        long sectors = 0;
        foreach (ref readonly Change change in table.Changes)
        {
            if (change.Kind == ChangeKind.Data)
            {
                bytes += change.StoredLength + SegmentCipher.TagBytes;
                sectors += change.Length / Sectors.Bytes;
            }
        }

        return new ObjectFact(bytes, sectors, table.Changes.Length);
    }
}
