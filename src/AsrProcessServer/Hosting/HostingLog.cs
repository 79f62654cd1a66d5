using System;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Hosting;

/// <summary>Log messages of hosting and of the request pipeline; event ids 1000 to 1099. Never bodies, tokens or passphrases.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1000, LogLevel.Information, "Appliance {Version} serves vault {VaultId}: control {ControlEndpoint}, data {DataEndpoint}")]
    public static partial void Started(ILogger logger, string version, Guid vaultId, string controlEndpoint, string dataEndpoint);

    [LoggerMessage(1001, LogLevel.Information, "Appliance stops, asked by {RequestedBy}")]
    public static partial void StopRequested(ILogger logger, string requestedBy);

    [LoggerMessage(1002, LogLevel.Error, "Request {Method} {Path} failed inside")]
    public static partial void RequestFailedInside(ILogger logger, string method, string path, Exception error);

    [LoggerMessage(1003, LogLevel.Information, "Request {Method} {Path} refused: {Code}")]
    public static partial void RequestRefused(ILogger logger, string method, string path, Asr.Contracts.AsrErrorCode code);

    [LoggerMessage(1004, LogLevel.Warning, "The registration {Id} could not be removed; it will point nowhere")]
    public static partial void RegistrationLeft(ILogger logger, string id, Exception error);
}
