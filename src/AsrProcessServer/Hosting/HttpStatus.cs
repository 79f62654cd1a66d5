using Asr.Contracts;
using Microsoft.AspNetCore.Http;

namespace Asr.ProcessServer.Hosting;

/// <summary>The HTTP status of each error: the one place that knows both. Clients go by <see cref="AsrError.Code"/>; the status is for what lies between.</summary>
internal static class HttpStatus
{
    /// <summary>The status for a code.</summary>
    public static int Of(AsrErrorCode code) => code switch
    {
        AsrErrorCode.InvalidArgument or AsrErrorCode.BatchMalformed or AsrErrorCode.NbdProtocol => StatusCodes.Status400BadRequest,
        AsrErrorCode.Unauthenticated or AsrErrorCode.CertificateExpired or AsrErrorCode.CertificateForeign
            or AsrErrorCode.TokenInvalid or AsrErrorCode.WrongPassphrase => StatusCodes.Status401Unauthorized,
        AsrErrorCode.Forbidden => StatusCodes.Status403Forbidden,
        AsrErrorCode.NotFound or AsrErrorCode.VaultNotFound or AsrErrorCode.NbdExportUnknown => StatusCodes.Status404NotFound,
        AsrErrorCode.AlreadyExists or AsrErrorCode.Conflict or AsrErrorCode.OperationNotAllowed or AsrErrorCode.InUse or AsrErrorCode.RecoveryPointImmutable
            or AsrErrorCode.WriterFenced or AsrErrorCode.SequenceGap or AsrErrorCode.SessionLost or AsrErrorCode.ConsistencyGroupFull
            or AsrErrorCode.ConsistencyGroupPolicyDiffers or AsrErrorCode.ConsistencyRoundFailed => StatusCodes.Status409Conflict,
        AsrErrorCode.RecoveryPointUnavailable or AsrErrorCode.PointInTimeUnavailable => StatusCodes.Status410Gone,
        AsrErrorCode.DiskUnreadable or AsrErrorCode.DiskSizeChanged or AsrErrorCode.DiskReadOnly or AsrErrorCode.DiskUnsupported
            or AsrErrorCode.DiskBusy or AsrErrorCode.TargetUnavailable or AsrErrorCode.ToolMissing or AsrErrorCode.AttachFailed => StatusCodes.Status422UnprocessableEntity,
        AsrErrorCode.TooManyAttempts => StatusCodes.Status429TooManyRequests,
        AsrErrorCode.SpoolFull or AsrErrorCode.VaultUnavailable or AsrErrorCode.Cancelled => StatusCodes.Status503ServiceUnavailable,
        AsrErrorCode.TimedOut or AsrErrorCode.AgentUnreachable or AsrErrorCode.ApplianceUnreachable => StatusCodes.Status504GatewayTimeout,
        AsrErrorCode.VaultFull => StatusCodes.Status507InsufficientStorage,

        // Faults of the product or damage in the vault: nothing the caller could send would help.
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The code for a status that the web server decided on by itself, e.g. for a body that is too large.</summary>
    public static AsrErrorCode CodeOf(int status) => status switch
    {
        StatusCodes.Status404NotFound => AsrErrorCode.NotFound,
        StatusCodes.Status408RequestTimeout => AsrErrorCode.TimedOut,
        >= 400 and < 500 => AsrErrorCode.InvalidArgument,
        _ => AsrErrorCode.Internal,
    };
}
