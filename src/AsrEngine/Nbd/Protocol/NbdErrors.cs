using System;
using Asr.Contracts;

namespace Asr.Engine.Nbd.Protocol;

/// <summary>Errors between the wire and the code.</summary>
internal static class NbdErrors
{
    /// <summary>The peer broke the protocol; the connection ends.</summary>
    public static AsrException Protocol(string what) =>
        new(AsrErrorCode.NbdProtocol, $"The NBD peer broke the protocol: {what}.", "Check that the peer speaks NBD, fixed newstyle.");

    /// <summary>The number a client gets for a failed request.</summary>
    public static NbdErrno ToErrno(Exception error) => error switch
    {
        AsrException { Code: AsrErrorCode.DiskReadOnly } => NbdErrno.NotPermitted,
        AsrException { Code: AsrErrorCode.DiskFull or AsrErrorCode.VaultFull } => NbdErrno.NoSpace,
        ArgumentException => NbdErrno.Invalid,
        OperationCanceledException => NbdErrno.Shutdown,
        _ => NbdErrno.InputOutput,
    };

    /// <summary>The error a caller of the client gets for a number.</summary>
    public static AsrException FromErrno(NbdErrno number, string operation, string uri) => number switch
    {
        NbdErrno.NotPermitted => new AsrException(AsrErrorCode.DiskReadOnly, $"'{uri}' refused {operation}: read-only.", "Export the disk for writing.", uri),
        NbdErrno.NoSpace => new AsrException(AsrErrorCode.DiskFull, $"'{uri}' has no space left for {operation}.", "Free space at the server.", uri),
        NbdErrno.Shutdown => new AsrException(AsrErrorCode.DiskUnreadable, $"'{uri}' is shutting down and did not finish {operation}.", "Connect again later.", uri),
        NbdErrno.Invalid => new AsrException(AsrErrorCode.InvalidArgument, $"'{uri}' refused {operation} as invalid.", null, uri),
        _ => new AsrException(AsrErrorCode.DiskUnreadable, $"'{uri}' failed {operation} with NBD error {(uint)number}.", "See the server's log.", uri),
    };
}
