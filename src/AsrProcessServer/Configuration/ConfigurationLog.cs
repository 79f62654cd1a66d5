using System;
using System.Net;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>Log messages of the configuration server; event ids 1100 to 1199. Never tokens or passphrases.</summary>
internal static partial class ConfigurationLog
{
    [LoggerMessage(1100, LogLevel.Information, "Event {Severity} {Code} {MachineName}: {Text}")]
    public static partial void EventHappened(ILogger logger, EventSeverity severity, string code, string? machineName, string text);

    [LoggerMessage(1101, LogLevel.Information, "Token {TokenId} made by {RequestedBy}, valid until {ExpiresAt:u}")]
    public static partial void TokenMade(ILogger logger, Guid tokenId, string requestedBy, DateTimeOffset expiresAt);

    [LoggerMessage(1102, LogLevel.Information, "Agent of {MachineName} ({MachineId}) enrolled with token {TokenId} from {Address}")]
    public static partial void AgentEnrolled(ILogger logger, string machineName, Guid machineId, Guid tokenId, IPAddress? address);

    [LoggerMessage(1103, LogLevel.Information, "Operator {UserName} enrolled from {Address}")]
    public static partial void OperatorEnrolled(ILogger logger, string userName, IPAddress? address);

    [LoggerMessage(1104, LogLevel.Warning, "Wrong passphrase from {Address}, attempt {Count}")]
    public static partial void WrongPassphrase(ILogger logger, IPAddress? address, int count);

    [LoggerMessage(1105, LogLevel.Information, "Agent of machine {MachineId} renewed its certificate")]
    public static partial void CertificateRenewed(ILogger logger, Guid machineId);
}
