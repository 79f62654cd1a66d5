using System;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Engine.Nbd;

/// <summary>What the NBD server logs. Never payloads.</summary>
internal static partial class NbdLog
{
    [LoggerMessage(1, LogLevel.Information, "NBD server listens on {EndPoint}")]
    public static partial void Listening(ILogger logger, string endPoint);

    [LoggerMessage(2, LogLevel.Information, "NBD connection {Connection} uses export {Export}")]
    public static partial void ExportOpened(ILogger logger, long connection, string export);

    [LoggerMessage(3, LogLevel.Information, "NBD connection {Connection} closed")]
    public static partial void Closed(ILogger logger, long connection);

    [LoggerMessage(4, LogLevel.Warning, "NBD connection {Connection} closed: {Code}: {Reason}")]
    public static partial void ProtocolBroken(ILogger logger, long connection, AsrErrorCode code, string reason);

    [LoggerMessage(5, LogLevel.Debug, "NBD connection {Connection} was lost: {Reason}")]
    public static partial void ConnectionLost(ILogger logger, long connection, string reason);

    [LoggerMessage(6, LogLevel.Warning, "NBD connection {Connection}: {Command} of {Length} bytes at {Offset} failed")]
    public static partial void RequestFailed(ILogger logger, Exception error, long connection, string command, uint length, ulong offset);

    [LoggerMessage(7, LogLevel.Warning, "NBD server refused a connection: {ConnectionsMax} are open already")]
    public static partial void ConnectionRefused(ILogger logger, int connectionsMax);

    [LoggerMessage(8, LogLevel.Error, "NBD connection {Connection} ended by a fault")]
    public static partial void Fault(ILogger logger, Exception error, long connection);

    [LoggerMessage(9, LogLevel.Warning, "NBD server could not accept a connection: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);
}
