using System;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>Every message the agent itself logs. Events 1 to 99.</summary>
internal static partial class AgentLog
{
    [LoggerMessage(1, LogLevel.Information, "Machine {MachineName} ({MachineId}) serves {DiskCount} disk(s) and reports to {Endpoint}")]
    public static partial void Serving(this ILogger logger, string machineName, Guid machineId, int diskCount, Uri endpoint);

    [LoggerMessage(2, LogLevel.Error, "Disk {DiskName} at {Path} is not served: {Code}: {Reason}")]
    public static partial void DiskRefused(this ILogger logger, string diskName, string path, AsrErrorCode code, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Disk {DiskName} moved from {OldPath} to {NewPath}; its activity log is dropped and the disk compared in full")]
    public static partial void DiskMoved(this ILogger logger, string diskName, string oldPath, string newPath);

    [LoggerMessage(4, LogLevel.Information, "Disk {DiskName} ({DiskId}, {SizeBytes} bytes) is served at {ExportUri}")]
    public static partial void DiskServed(this ILogger logger, string diskName, Guid diskId, long sizeBytes, string exportUri);

    [LoggerMessage(5, LogLevel.Warning, "The exclusion {Pattern} matches no disk of this machine")]
    public static partial void ExclusionUnmatched(this ILogger logger, string pattern);

    [LoggerMessage(6, LogLevel.Information, "Disk {Path} is left alone: it is excluded by {Pattern}")]
    public static partial void DiskExcluded(this ILogger logger, string path, string pattern);

    [LoggerMessage(7, LogLevel.Warning, "Disk {DiskName} at {Path} is taken out of service: it has gone, is another disk or has another size ({OldBytes} bytes before, {NewBytes} now)")]
    public static partial void DiskDropped(this ILogger logger, string diskName, string path, long oldBytes, long newBytes);

    [LoggerMessage(8, LogLevel.Warning, "Disk {DiskName} at {Path} was away and may have been changed; its activity log is dropped and the disk compared in full")]
    public static partial void DiskReturned(this ILogger logger, string diskName, string path);

    [LoggerMessage(9, LogLevel.Error, "The machine's disks could not be looked at and are looked at again")]
    public static partial void DiskWatchFaulted(this ILogger logger, Exception error);

    [LoggerMessage(10, LogLevel.Information, "Assignment {Revision}: {Mode}, {DiskCount} disk(s)")]
    public static partial void Assigned(this ILogger logger, long revision, AgentMode mode, int diskCount);

    [LoggerMessage(11, LogLevel.Warning, "The {Exchange} with the appliance failed: {Code}: {Reason}")]
    public static partial void ExchangeFailed(this ILogger logger, string exchange, AsrErrorCode code, string reason);

    [LoggerMessage(12, LogLevel.Information, "The {Exchange} with the appliance works again after {Failures} failure(s)")]
    public static partial void ExchangeRestored(this ILogger logger, string exchange, int failures);

    [LoggerMessage(13, LogLevel.Error, "The {Exchange} met an unexpected fault and goes on")]
    public static partial void ExchangeFaulted(this ILogger logger, string exchange, Exception error);

    [LoggerMessage(20, LogLevel.Information, "The certificate was renewed and is valid until {NotAfter}")]
    public static partial void CertificateRenewed(this ILogger logger, DateTime notAfter);

    [LoggerMessage(30, LogLevel.Warning, "The status file cannot be written: {Reason}")]
    public static partial void StatusUnwritable(this ILogger logger, string reason);

    [LoggerMessage(31, LogLevel.Error, "The {Loop} has given no sign of life for {SilenceMax}: the service manager gets none either and will start the agent anew")]
    public static partial void LoopSilent(this ILogger logger, string loop, TimeSpan silenceMax);

    [LoggerMessage(40, LogLevel.Information, "Stopping: clients of the disks are finished first")]
    public static partial void Stopping(this ILogger logger);

    [LoggerMessage(41, LogLevel.Information, "Stopped in order; activity logs are closed")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(50, LogLevel.Warning, "Thawed what an earlier agent left frozen: {MountPoints}")]
    public static partial void ThawedLeftovers(this ILogger logger, string mountPoints);
}
