using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>A bug that alters what travels. Alters every batch the same way when it is sent again, as a bug in the sender would.</summary>
internal abstract class BatchBug : PlantedBug
{
    private readonly Lock _lock = new();

    public sealed override IReplicationSink Sink(IReplicationSink sink) => new Editing(sink, this);

    /// <summary>Alters the changes of one batch. Called under a lock.</summary>
    protected abstract void Edit(Guid diskId, List<EditableChange> changes);

    private sealed class Editing(IReplicationSink inner, BatchBug bug) : SinkDecorator(inner)
    {
        public override Task<ShipReceipt> ShipAsync(Guid diskId, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
        {
            byte[] edited;
            lock (bug._lock)
            {
                edited = EditableChange.Rewrite(batch, changes => bug.Edit(diskId, changes));
            }

            return Inner.ShipAsync(diskId, edited, cancellationToken);
        }
    }
}

/// <summary>Now and then a write's content never travels: its place is taken by its neighbour once more.</summary>
internal sealed class DropsAWrite : BatchBug
{
    private int _count;

    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        for (int i = 1; i < changes.Count; i++)
        {
            if (changes[i].Content is not null && ++_count % 40 == 0)
            {
                changes[i] = changes[i - 1];
            }
        }
    }
}

/// <summary>Now and then a write lands one sector further.</summary>
internal sealed class OffByOneSector : BatchBug
{
    private int _count;

    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        for (int i = 0; i < changes.Count; i++)
        {
            if (changes[i].Content is not null && changes[i].Offset >= 512 && ++_count % 40 == 0)
            {
                changes[i] = changes[i] with { Offset = changes[i].Offset - 512 };
            }
        }
    }
}

/// <summary>The last sector of a long write is left out.</summary>
internal sealed class CutsTheLastSector : BatchBug
{
    private int _count;

    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        for (int i = 0; i < changes.Count; i++)
        {
            if (changes[i].Content is { Length: > 512 } content && ++_count % 20 == 0)
            {
                changes[i] = new EditableChange(changes[i].Offset, content.Length - 512, content[..^512]);
            }
        }
    }
}

/// <summary>Trims and writes of zeros do not travel.</summary>
internal sealed class LosesTrims : BatchBug
{
    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        for (int i = 1; i < changes.Count; i++)
        {
            if (changes[i].Content is null)
            {
                changes[i] = changes[i - 1];
            }
        }
    }
}

/// <summary>The changes of a batch are applied last to first.</summary>
internal sealed class AppliesInReverse : BatchBug
{
    protected override void Edit(Guid diskId, List<EditableChange> changes) => changes.Reverse();
}

/// <summary>A change of an earlier batch comes again in place of a later one: a retry that was not recognised.</summary>
internal sealed class ReplaysAnOldChange : BatchBug
{
    private readonly Dictionary<Guid, EditableChange> _old = [];
    private int _count;

    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        int last = changes.Count - 1;
        if (_old.TryGetValue(diskId, out EditableChange? old) && ++_count % 5 == 0)
        {
            changes[last] = old;
        }

        if (_count % 5 == 1 || !_old.ContainsKey(diskId))
        {
            _old[diskId] = changes[0];
        }
    }
}

/// <summary>Content goes to the wrong disk's place: the middle of one write is taken from another.</summary>
internal sealed class MixesTwoWrites : BatchBug
{
    private int _count;

    protected override void Edit(Guid diskId, List<EditableChange> changes)
    {
        for (int i = 1; i < changes.Count; i++)
        {
            if (changes[i].Content is { } content && changes[i - 1].Content is { } other && other.Length <= content.Length && ++_count % 20 == 0)
            {
                other.CopyTo(content, 0);
            }
        }
    }
}
