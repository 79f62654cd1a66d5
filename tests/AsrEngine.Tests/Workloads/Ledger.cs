using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using System.Text;
using Asr.Contracts;

namespace Asr.Engine.Tests.Workloads;

/// <summary>How far a recovery point has come.</summary>
internal enum PointState
{
    /// <summary>Asked to be published; may be there.</summary>
    Publishing,

    /// <summary>Acknowledged; must be there.</summary>
    Published,

    /// <summary>Asked to be removed; may be there.</summary>
    Deleting,

    /// <summary>Removal acknowledged; must not be there.</summary>
    Deleted,
}

/// <summary>A point and its state.</summary>
internal sealed record PointLedger(AsrRecoveryPoint Point, PointState State);

/// <summary>A document's last acknowledged content, and those that were being written since; null stands for "no document".</summary>
internal sealed record DocumentLedger(string? Current, ImmutableList<string?> Pending)
{
    public bool Allows(string? content) => content == Current || Pending.Contains(content);
}

/// <summary>
/// Everything a vault has promised at one moment, kept apart from the vault: what an oracle holds it against after a crash. Immutable, so that a
/// moment can be kept.
/// </summary>
internal sealed record Ledger
{
    public static Guid MachineId { get; } = Guid.Parse("99999999-2222-3333-4444-555555555555");

    public ImmutableDictionary<Guid, DiskLedger> Disks { get; init; } = ImmutableDictionary<Guid, DiskLedger>.Empty;

    public ImmutableDictionary<Guid, PointLedger> Points { get; init; } = ImmutableDictionary<Guid, PointLedger>.Empty;

    /// <summary>By <c>COLLECTION/ID</c>.</summary>
    public ImmutableDictionary<string, DocumentLedger> Documents { get; init; } = ImmutableDictionary<string, DocumentLedger>.Empty;

    public DiskLedger Disk(Guid id) => Disks.GetValueOrDefault(id) ?? new DiskLedger();

    public Ledger WithDisk(Guid id, Func<DiskLedger, DiskLedger> change) => this with { Disks = Disks.SetItem(id, change(Disk(id))) };

    public Ledger WithPoint(AsrRecoveryPoint point, PointState state) => this with { Points = Points.SetItem(point.Id, new PointLedger(point, state)) };

    public Ledger WithDocument(string name, Func<DocumentLedger, DocumentLedger> change) =>
        this with { Documents = Documents.SetItem(name, change(Documents.GetValueOrDefault(name) ?? new DocumentLedger(null, []))) };

    /// <summary>In words, for the report of a failure.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((Guid id, DiskLedger disk) in Disks)
        {
            text.Append($"disk {id}: floor {disk.Floor}, received {disk.Received}");
            text.Append(disk.IsGone ? ", removed" : disk.IsDeleting ? ", being removed" : "");
            text.AppendJoin("", disk.TakingOver.Select(origin => $", being taken over from {origin?.ToString() ?? "the head"}"));
            text.AppendLine();
            text.AppendJoin("", disk.Epochs.Select(epoch => $"  epoch {epoch.Number} from {epoch.Parent}, sent to {epoch.LastSent}{Environment.NewLine}"));
        }

        text.AppendJoin("", Points.Values.Select(point =>
            $"point {point.Point.Id} {point.State}: {string.Join(", ", point.Point.Disks.Select(disk => $"{disk.DiskId} {disk.Epoch}/{disk.Sequence}"))}{Environment.NewLine}"));
        text.AppendJoin("", Documents.Select(document => $"document {document.Key}: {document.Value.Current ?? "none"}, pending {document.Value.Pending.Count}{Environment.NewLine}"));
        return text.ToString();
    }
}
