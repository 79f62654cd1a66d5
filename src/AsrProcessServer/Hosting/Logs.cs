using System.IO;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Asr.ProcessServer.Hosting;

/// <summary>Where the appliance logs: readable lines on stderr (stdout is for answers), structured lines in the work folder.</summary>
internal static class Logs
{
    private const int DaysKept = 7;
    private const long FileBytesMax = 64 << 20;

    /// <summary>Makes the logger; dispose it last, it writes what is left.</summary>
    public static Logger Create(string logFolder) => new LoggerConfiguration()
        .MinimumLevel.Information()
        .MinimumLevel.Override("Microsoft.AspNetCore", LogEventLevel.Warning)
        .MinimumLevel.Override("Orleans", LogEventLevel.Warning)
        .MinimumLevel.Override("Microsoft.Orleans", LogEventLevel.Warning)
        .Enrich.FromLogContext()
        .WriteTo.Console(
            standardErrorFromLevel: LogEventLevel.Verbose,
            formatProvider: System.Globalization.CultureInfo.InvariantCulture,
            outputTemplate: "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Message:lj}{NewLine}{Exception}")
        .WriteTo.File(
            new CompactJsonFormatter(),
            Path.Combine(logFolder, "appliance-.log"),
            rollingInterval: RollingInterval.Day,
            fileSizeLimitBytes: FileBytesMax,
            rollOnFileSizeLimit: true,
            retainedFileCountLimit: DaysKept)
        .CreateLogger();
}
