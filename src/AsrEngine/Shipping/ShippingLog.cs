using System;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Shipping;

/// <summary>Log messages of shipping; event ids 3000 to 3099.</summary>
internal static partial class ShippingLog
{
    [LoggerMessage(3000, LogLevel.Information, "Disk {DiskId}: session under epoch {Epoch} begins at change {NextSequence}; stream goes on: {GoesOn}")]
    public static partial void SessionOpened(ILogger logger, Guid diskId, int epoch, long nextSequence, bool goesOn);

    [LoggerMessage(3001, LogLevel.Warning, "Disk {DiskId}: no session")]
    public static partial void SessionRefused(ILogger logger, Guid diskId, Exception error);

    [LoggerMessage(3002, LogLevel.Warning, "Disk {DiskId}: session under epoch {Epoch} ended")]
    public static partial void SessionEnded(ILogger logger, Guid diskId, int epoch, Exception error);

    [LoggerMessage(3003, LogLevel.Warning, "Disk {DiskId}: changes {First} to {Last} were not taken; trying again")]
    public static partial void SendFailed(ILogger logger, Guid diskId, long first, long last, Exception error);

    [LoggerMessage(3004, LogLevel.Warning, "Disk {DiskId}: the replica cannot be compared; trying again")]
    public static partial void ComparisonFailed(ILogger logger, Guid diskId, Exception error);

    [LoggerMessage(3005, LogLevel.Error, "Disk {DiskId}: the source cannot be read; trying again")]
    public static partial void DiskUnreadable(ILogger logger, Guid diskId, Exception error);

    [LoggerMessage(3006, LogLevel.Information, "Recovery point {PointId} ({Reason}) of {Time:O} is published")]
    public static partial void PointPublished(ILogger logger, Guid pointId, RecoveryPointReason reason, DateTimeOffset time);

    [LoggerMessage(3007, LogLevel.Warning, "Recovery point {PointId} could not be published; trying again")]
    public static partial void PointRefused(ILogger logger, Guid pointId, Exception error);

    [LoggerMessage(3008, LogLevel.Information, "Assignment {Revision}: {Mode}")]
    public static partial void AssignmentBegun(ILogger logger, long revision, AgentMode mode);

    [LoggerMessage(3009, LogLevel.Error, "Assignment {Revision}: {Mode} was not reached; trying again")]
    public static partial void AssignmentFailed(ILogger logger, long revision, AgentMode mode, Exception error);

    [LoggerMessage(3012, LogLevel.Warning, "A recovery point is crash-consistent only: {Reason}")]
    public static partial void ApplicationsRestless(ILogger logger, string reason);

    [LoggerMessage(3013, LogLevel.Warning, "Round {RoundId} of the consistency group failed here: {Reason}")]
    public static partial void RoundFailed(ILogger logger, Guid roundId, string reason);

    [LoggerMessage(3014, LogLevel.Debug, "The consistency group's coordinator was not reached: {Reason}")]
    public static partial void GroupUnreachable(ILogger logger, string reason);

    [LoggerMessage(3010, LogLevel.Warning, "Disk {DiskId} is compared with its replica in full: {Reason}")]
    public static partial void ComparisonBegun(ILogger logger, Guid diskId, string reason);

    [LoggerMessage(3011, LogLevel.Warning, "Disk {DiskId} could not be brought to rest to look at its tracking; it is looked at again")]
    public static partial void NotAtRest(ILogger logger, Guid diskId, Exception error);

    [LoggerMessage(3012, LogLevel.Information, "Disk {DiskId}: what was read at rest is dropped, its stream has broken off meanwhile")]
    public static partial void RestDropped(ILogger logger, Guid diskId);

    [LoggerMessage(3020, LogLevel.Information, "Verification {VerificationId} begins")]
    public static partial void VerificationBegun(ILogger logger, Guid verificationId);

    [LoggerMessage(3021, LogLevel.Information, "Verification {VerificationId} has ended; {DifferentBytes} bytes differ")]
    public static partial void VerificationEnded(ILogger logger, Guid verificationId, long differentBytes);
}
