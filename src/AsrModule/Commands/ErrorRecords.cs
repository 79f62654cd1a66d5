using System;
using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Commands;

/// <summary>Errors as PowerShell shows them: the code's name is the error id, the advice is the recommended action.</summary>
internal static class ErrorRecords
{
    /// <param name="error">What went wrong.</param>
    /// <param name="target">The item concerned; null for the one the error names.</param>
    public static ErrorRecord ToErrorRecord(this AsrException error, object? target = null)
    {
        ErrorRecord record = new(error, error.Code.ToString(), CategoryOf(error.Code), target ?? error.Target);
        if (error.Action is not null)
        {
            record.ErrorDetails = new ErrorDetails(error.Message) { RecommendedAction = error.Action };
        }

        return record;
    }

    /// <summary>Anything a cmdlet's work can throw, as an error of the product's vocabulary.</summary>
    public static AsrException ToAsrException(this Exception error) => error switch
    {
        AsrException known => known,
        OperationCanceledException => new AsrException(AsrErrorCode.TimedOut, "The appliance did not answer in time.", "Try again.", inner: error),
        _ => new AsrException(AsrErrorCode.Internal, error.Message, inner: error),
    };

    private static ErrorCategory CategoryOf(AsrErrorCode code) => code switch
    {
        AsrErrorCode.InvalidArgument => ErrorCategory.InvalidArgument,
        AsrErrorCode.NotFound or AsrErrorCode.VaultNotFound or AsrErrorCode.NbdExportUnknown or AsrErrorCode.SegmentMissing
            or AsrErrorCode.RecoveryPointUnavailable or AsrErrorCode.PointInTimeUnavailable => ErrorCategory.ObjectNotFound,
        AsrErrorCode.AlreadyExists => ErrorCategory.ResourceExists,
        AsrErrorCode.Conflict or AsrErrorCode.InUse or AsrErrorCode.DiskBusy or AsrErrorCode.SpoolFull => ErrorCategory.ResourceBusy,
        AsrErrorCode.OperationNotAllowed or AsrErrorCode.RecoveryPointImmutable or AsrErrorCode.WriterFenced or AsrErrorCode.DiskReadOnly
            or AsrErrorCode.DiskSizeChanged or AsrErrorCode.ConsistencyGroupPolicyDiffers => ErrorCategory.InvalidOperation,
        AsrErrorCode.ConsistencyGroupFull => ErrorCategory.LimitsExceeded,
        AsrErrorCode.Cancelled => ErrorCategory.OperationStopped,
        AsrErrorCode.TimedOut => ErrorCategory.OperationTimeout,
        AsrErrorCode.WrongPassphrase or AsrErrorCode.Unauthenticated or AsrErrorCode.TokenInvalid or AsrErrorCode.CertificateExpired
            or AsrErrorCode.CertificateForeign => ErrorCategory.AuthenticationError,
        AsrErrorCode.Forbidden => ErrorCategory.PermissionDenied,
        AsrErrorCode.VaultVersionUnsupported or AsrErrorCode.DiskUnsupported => ErrorCategory.NotImplemented,
        AsrErrorCode.VaultUnavailable or AsrErrorCode.TargetUnavailable => ErrorCategory.ResourceUnavailable,
        AsrErrorCode.VaultFull => ErrorCategory.WriteError,
        AsrErrorCode.DiskUnreadable => ErrorCategory.ReadError,
        AsrErrorCode.VaultDocumentCorrupt or AsrErrorCode.SegmentCorrupt or AsrErrorCode.BatchMalformed => ErrorCategory.InvalidData,
        AsrErrorCode.SequenceGap or AsrErrorCode.NbdProtocol => ErrorCategory.ProtocolError,
        AsrErrorCode.SessionLost or AsrErrorCode.ApplianceUnreachable or AsrErrorCode.AgentUnreachable
            or AsrErrorCode.NotConnected => ErrorCategory.ConnectionError,
        AsrErrorCode.ApplianceStartFailed or AsrErrorCode.AttachFailed => ErrorCategory.OpenError,
        AsrErrorCode.ToolMissing => ErrorCategory.NotInstalled,
        AsrErrorCode.JobFailed => ErrorCategory.OperationStopped,
        _ => ErrorCategory.NotSpecified,
    };
}
