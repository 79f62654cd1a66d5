using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>Something in the vault that is not as it was stored, and what that means for the recovery points.</summary>
public sealed record AsrVaultFinding
{
    /// <summary>The object in words that lead to its file, e.g. <c>segment DISK/EPOCH/FIRST-LAST</c> or, for a document, <c>COLLECTION/ID</c>.</summary>
    public string Object { get; init; } = "";

    /// <summary>What kind of object it is.</summary>
    public VaultObjectKind Kind { get; init; }

    /// <summary>What is wrong with it.</summary>
    public VaultProblem Problem { get; init; }

    /// <summary>What is wrong, in a sentence.</summary>
    public string Message { get; init; } = "";

    /// <summary>What to do, or null.</summary>
    public string? Action { get; init; }

    /// <summary>When it was found, by the appliance's clock.</summary>
    public DateTimeOffset FoundAt { get; init; }

    /// <summary>The disk that the object belongs to, or null.</summary>
    public Guid? DiskId { get; init; }

    /// <summary>The machine that wrote the disk last, or that the document is about; null when there is none.</summary>
    public Guid? MachineId { get; init; }

    /// <summary>First change of the stretch of the disk's stream that the object is about, or null for a document.</summary>
    public long? FirstSequence { get; init; }

    /// <summary>Last change of it, or null.</summary>
    public long? LastSequence { get; init; }

    /// <summary>The ranges of the disk whose contents are damaged, by change. Empty when that cannot be told: then all of the object counts. At most 64 are listed.</summary>
    public IReadOnlyList<AsrDamagedRange> Ranges { get; init; } = Array.Empty<AsrDamagedRange>();

    /// <summary>How many there are, those not listed included.</summary>
    public int RangeCount { get; init; }

    /// <summary>The recovery points that cannot be read whole because of it, newest first. At most 50 are listed.</summary>
    public IReadOnlyList<AsrAffectedPoint> AffectedPoints { get; init; } = Array.Empty<AsrAffectedPoint>();

    /// <summary>How many there are, those not listed included.</summary>
    public int AffectedPointCount { get; init; }

    /// <summary>True when the disk's newest state needs it: new recovery points are affected too, until the disk has been resynchronised.</summary>
    public bool AffectsHead { get; init; }
}

/// <summary>A range of a disk whose content is damaged.</summary>
public sealed record AsrDamagedRange
{
    /// <summary>The change that wrote it.</summary>
    public long Sequence { get; init; }

    /// <summary>First byte on the disk.</summary>
    public long Offset { get; init; }

    /// <summary>Bytes.</summary>
    public long Length { get; init; }
}

/// <summary>A recovery point that damage concerns.</summary>
public sealed record AsrAffectedPoint
{
    /// <summary>The point.</summary>
    public Guid RecoveryPointId { get; init; }

    /// <summary>Its machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine; empty when the point's own document is what cannot be read.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>The instant it shows.</summary>
    public DateTimeOffset Time { get; init; }
}

/// <summary>What an object of the vault is.</summary>
public enum VaultObjectKind
{
    /// <summary>A document of the catalog.</summary>
    Document = 0,

    /// <summary>Sealed changes, as they were received.</summary>
    Segment = 1,

    /// <summary>Sealed changes that compaction wrote anew.</summary>
    Pack = 2,

    /// <summary>An index, made of the changes: damage costs time, no data.</summary>
    IndexRun = 3,
}

/// <summary>What is wrong with an object.</summary>
public enum VaultProblem
{
    /// <summary>Its bytes are not those that were stored.</summary>
    Damaged = 0,

    /// <summary>It is not there.</summary>
    Missing = 1,

    /// <summary>The storage does not give its bytes, while it gives others.</summary>
    Unreadable = 2,
}
