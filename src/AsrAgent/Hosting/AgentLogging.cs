using System.IO;
using Asr.Agent.State;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Asr.Agent.Hosting;

/// <summary>Where logs go: readable lines to stderr (the journal under systemd), JSON lines to the state folder, both bounded.</summary>
internal static class AgentLogging
{
    private const long FileBytesMax = 32 << 20;
    private const int FilesMax = 5;

    /// <summary>Opens the log; dispose it to write out what is buffered.</summary>
    public static Logger Create(StateFolder folder) => new LoggerConfiguration()
        .MinimumLevel.Information()
        .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
        .WriteTo.Console(standardErrorFromLevel: LogEventLevel.Verbose, outputTemplate: "{Timestamp:o} {Level:u3} {SourceContext} {Message:lj}{NewLine}{Exception}")
        .WriteTo.File(
            new CompactJsonFormatter(),
            Path.Combine(folder.LogFolder, "agent-.jsonl"),
            rollingInterval: RollingInterval.Day,
            rollOnFileSizeLimit: true,
            fileSizeLimitBytes: FileBytesMax,
            retainedFileCountLimit: FilesMax)
        .CreateLogger();
}
