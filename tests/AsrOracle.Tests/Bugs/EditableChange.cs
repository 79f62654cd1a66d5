using System;
using System.Collections.Generic;
using Asr.Engine.Segments;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>One change of a batch, taken apart so that a bug can alter it. <see cref="Content"/> is null for zeros.</summary>
internal sealed record EditableChange(long Offset, int Length, byte[]? Content)
{
    /// <summary>Takes a batch apart, lets the edit alter the list (keeping its length) and puts it together again with right checksums.</summary>
    public static byte[] Rewrite(ReadOnlyMemory<byte> batch, Action<List<EditableChange>> edit)
    {
        ChangeBatch parsed = ChangeBatch.Parse(batch, Contracts.ReplicationLimits.DiskBytesMax);
        List<EditableChange> changes = [];
        foreach (Change change in parsed.Changes)
        {
            byte[]? content = null;
            if (change.Kind == ChangeKind.Data)
            {
                content = new byte[change.Length];
                if (!parsed.TryDecode(change, content))
                {
                    throw new InvalidOperationException("The sender made a batch that does not decode.");
                }
            }

            changes.Add(new EditableChange(change.Offset, change.Length, content));
        }

        int count = changes.Count;
        edit(changes);
        if (changes.Count != count)
        {
            throw new InvalidOperationException("An edit keeps the number of changes: the sequence has no gaps.");
        }

        using ChangeBatchWriter writer = new();
        writer.Begin(parsed.DiskId, parsed.Epoch, parsed.FirstSequence);
        foreach (EditableChange change in changes)
        {
            bool added = change.Content is null
                ? writer.TryAddZero(change.Offset, change.Length)
                : writer.TryAddData(change.Offset, change.Content);
            if (!added)
            {
                throw new InvalidOperationException("The edited batch does not fit.");
            }
        }

        return writer.Complete().ToArray();
    }
}
