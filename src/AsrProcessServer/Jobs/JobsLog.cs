using System;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Jobs;

/// <summary>Log messages of jobs, machines and recovery copies: event ids 3000 to 3099.</summary>
internal static partial class JobsLog
{
    [LoggerMessage(3000, LogLevel.Error, "The driver of job {JobId} ended unexpectedly; the job goes on at the next start")]
    public static partial void DriverFailed(ILogger logger, Guid jobId, Exception error);

    [LoggerMessage(3001, LogLevel.Warning, "Job {JobId} ({Operation}) fails and is taken back")]
    public static partial void JobFailing(ILogger logger, Guid jobId, MachineOperation operation, Exception error);

    [LoggerMessage(3002, LogLevel.Error, "Job {JobId}: step {Step} could not be taken back")]
    public static partial void UndoFailed(ILogger logger, Guid jobId, string step, Exception error);

    [LoggerMessage(3003, LogLevel.Warning, "Job {JobId}: its event could not be kept")]
    public static partial void EventLost(ILogger logger, Guid jobId, Exception error);

    [LoggerMessage(3004, LogLevel.Warning, "Unfinished work could not be taken up again; trying again")]
    public static partial void ResumeFailed(ILogger logger, Exception error);

    [LoggerMessage(3005, LogLevel.Warning, "Machine {MachineId} could not be looked after in this round")]
    public static partial void CareFailed(ILogger logger, Guid machineId, Exception error);

    [LoggerMessage(3006, LogLevel.Information, "Recovery points of machine {MachineId} removed: {Expired} older than its policy keeps, {Thinned} beside another in their slot")]
    public static partial void PointsRemoved(ILogger logger, int expired, int thinned, Guid machineId);

    [LoggerMessage(3007, LogLevel.Warning, "The copies of machine {MachineName} at the recovery site are not as they should be")]
    public static partial void ConvergeFailed(ILogger logger, string machineName, Exception error);

    [LoggerMessage(3008, LogLevel.Information, "Mount {MountId} has reached its end and is dismounted")]
    public static partial void MountExpired(ILogger logger, Guid mountId);

    [LoggerMessage(3009, LogLevel.Warning, "Mount {MountId} could not be dismounted")]
    public static partial void DismountFailed(ILogger logger, Guid mountId, Exception error);

    [LoggerMessage(3010, LogLevel.Warning, "What an earlier process has mounted could not be removed from {Folder}; it is tried again at the next start")]
    public static partial void SweepFailed(ILogger logger, string folder, Exception error);
}
