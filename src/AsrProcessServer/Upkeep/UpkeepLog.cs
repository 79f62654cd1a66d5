using System;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Upkeep;

/// <summary>Log messages of the vault's upkeep: event ids 3100 to 3199.</summary>
internal static partial class UpkeepLog
{
    [LoggerMessage(3100, LogLevel.Information, "{Bytes} bytes of disk {DiskId} of {MachineName} were given back: {Objects} objects became {Packs} packs, {Runs} index runs went")]
    public static partial void Reclaimed(ILogger logger, long bytes, Guid diskId, string machineName, int objects, int packs, int runs);

    [LoggerMessage(3101, LogLevel.Error, "Space of {MachineName} cannot be given back: {Problem}")]
    public static partial void Damaged(ILogger logger, string machineName, string problem);

    [LoggerMessage(3102, LogLevel.Warning, "Space of {MachineName} could not be given back in this round")]
    public static partial void ReclaimFailed(ILogger logger, string machineName, Exception error);

    [LoggerMessage(3103, LogLevel.Warning, "A round of giving back space failed")]
    public static partial void RoundFailed(ILogger logger, Exception error);

    [LoggerMessage(3104, LogLevel.Error, "The scrub of the vault has found damage that concerns {Points} recovery points: {Problem}")]
    public static partial void ScrubFound(ILogger logger, string problem, int points);

    [LoggerMessage(3105, LogLevel.Information, "The vault has been scrubbed: {Objects} objects, {Bytes} bytes, {Findings} findings")]
    public static partial void Scrubbed(ILogger logger, long objects, long bytes, int findings);

    [LoggerMessage(3106, LogLevel.Warning, "The scrub of the vault was interrupted; it goes on where it was")]
    public static partial void ScrubFailed(ILogger logger, Exception error);
}
