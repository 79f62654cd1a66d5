using System;

namespace Asr.Contracts;

/// <summary>What a recovery point's content was found to be when it was compared with the source, over all its disks. See <see cref="VerifiedDisk"/> for what the figures prove.</summary>
public sealed record PointVerification
{
    /// <summary>The verification, which is also its job.</summary>
    public Guid VerificationId { get; init; }

    /// <summary>When the comparison ended, by the appliance's clock.</summary>
    public DateTimeOffset EndTime { get; init; }

    /// <summary>Bytes of the point that equal what the source had at the point's instant.</summary>
    public long EqualBytes { get; init; }

    /// <summary>Bytes that the source changed before they were compared; what the replica held of them later equals what the source had then.</summary>
    public long EqualLaterBytes { get; init; }

    /// <summary>Bytes that differ from the source, and were sent anew: this point and earlier ones may be wrong there.</summary>
    public long DifferentBytes { get; init; }

    /// <summary>Bytes that could not be compared.</summary>
    public long UncomparedBytes { get; init; }
}
