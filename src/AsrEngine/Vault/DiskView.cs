using System;
using System.Collections.Generic;
using Asr.Contracts;
using Asr.Engine.Vault.Replica;

namespace Asr.Engine.Vault;

/// <summary>A disk as its document and one listing of its objects show it.</summary>
internal sealed class DiskView
{
    private readonly long _newestEnd;

    /// <summary>Makes the view; <paramref name="known"/> are positions known to have been durable.</summary>
    public DiskView(DiskDocument document, SegmentMap segments, IEnumerable<StreamPosition> known)
    {
        Document = document;
        Segments = segments;
        Newest = EpochTree.NewestSettled(document);
        _newestEnd = Newest is null ? 0 : Newest.EndSequence ?? FindEnd(Newest, segments, known);
    }

    /// <summary>The document.</summary>
    public DiskDocument Document { get; }

    /// <summary>The objects.</summary>
    public SegmentMap Segments { get; }

    /// <summary>The newest epoch of which it is known where it began; null for a disk that no one has written.</summary>
    public DiskEpoch? Newest { get; }

    /// <summary>The newest durable position; (0, 0) when nothing was ever written.</summary>
    public StreamPosition Head => _newestEnd == 0 ? default : new StreamPosition(Newest!.Number, _newestEnd);

    /// <summary>
    /// The last change of an epoch that counts: its changes are stored without a gap up to there, from where it began or from the last one that is known to have
    /// been durable. What follows a gap otherwise was never received, so no one was told of it. A gap before a known position is damage, and the positions behind it
    /// come back when the missing object does.
    /// </summary>
    public static long FindEnd(DiskEpoch epoch, SegmentMap segments, IEnumerable<StreamPosition> known)
    {
        // Index runs and packs are made of what counts already.
        long durable = long.Max(epoch.Parent!.Value.Sequence, segments.FindDerivedEnd(epoch.Number));
        foreach (StreamPosition position in known)
        {
            durable = position.Epoch == epoch.Number ? long.Max(durable, position.Sequence) : durable;
        }

        return segments.FindEnd(epoch.Number, durable);
    }

    /// <summary>The parts that make up a position, or null when it is not part of the disk's history.</summary>
    public Branch? TryFindBranch(StreamPosition position) => EpochTree.FindBranch(Document, position, _newestEnd) is { } parts ? new Branch(parts) : null;

    /// <summary>As <see cref="TryFindBranch"/>, or <see cref="AsrErrorCode.RecoveryPointUnavailable"/>.</summary>
    public Branch FindBranch(StreamPosition position) =>
        TryFindBranch(position) ?? throw Unavailable(position, "it is not part of the disk's history, or its changes never reached the vault");

    /// <summary>The error for a position that cannot be opened.</summary>
    public AsrException Unavailable(StreamPosition position, string why) => Unavailable(Document.DiskId, position, why);

    /// <summary>The same for a disk of which there is no view.</summary>
    public static AsrException Unavailable(Guid diskId, StreamPosition position, string why) => new(
        AsrErrorCode.RecoveryPointUnavailable,
        $"Position {position.Epoch}/{position.Sequence} of disk {diskId} cannot be opened: {why}.",
        "Choose another recovery point.",
        diskId.ToString());
}
