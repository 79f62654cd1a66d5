using System.Globalization;
using System.IO;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary>Prints an <see cref="AgentStatus"/> for people.</summary>
internal static class StatusTable
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Writes the machine's lines, then a line per disk.</summary>
    public static void Write(TextWriter output, AgentStatus status, AgentHealth health)
    {
        AgentReport report = status.Report;
        Line(output, "Machine", $"{status.MachineName} ({status.MachineId})");
        Line(output, "Agent", health.Summary);
        Line(output, "Mode", $"{report.Mode}{(report.InSync ? ", in sync" : "")}{Progress(report)}");
        Line(output, "Appliance", $"{status.ControlEndpoint}, last contact {(status.LastContact is { } contact ? $"{contact:u}" : "never")}");
        Line(output, "Certificate", status.CertificateEnds is { } ends ? $"until {ends:u}" : "-");
        Line(output, "Last point", status.LastPoint is { } point ? $"{point.Time:u} ({point.Type}, {point.Reason})" : "none since the start");
        Line(output, "Frozen", report.LastFreezeMs is { } frozen ? string.Create(CultureInfo.InvariantCulture, $"{frozen:0.#} ms for the last instant") : "not since the start");
        WriteError(output, "Connection", status.ConnectionError);
        WriteError(output, "Error", report.Error);
        output.WriteLine();
        output.WriteLine($"{"Disk",-16} {"Size",10} {"Capture",-8} {"Pending",10} {"Lag",8} {"Queued",10} {"Sent",10} {"Vault seq",12}  Export");
        foreach (AsrDisk disk in report.Disks)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{disk.Name,-16} {Size(disk.SizeBytes),10} {disk.CaptureMode,-8} {Size(disk.PendingBytes),10} {Lag(disk.LagSeconds),8} {Size(disk.QueuedBytes),10} {Size(disk.SentBytes),10} {disk.VaultSequence,12}  {disk.ExportUri ?? "-"}"));
            WriteError(output, "  Warning", disk.Warning);
            WriteError(output, "  Error", disk.Error);
        }
    }

    private static void Line(TextWriter output, string label, string text) => output.WriteLine($"{label,-12} {text}");

    private static void WriteError(TextWriter output, string label, AsrError? error)
    {
        if (error is not null)
        {
            Line(output, label, $"{error.Code}: {error.Message} {error.Action}".TrimEnd());
        }
    }

    private static string Progress(AgentReport report) => report switch
    {
        { Resynchronizing: true, ProgressPercent: { } percent } => string.Create(CultureInfo.InvariantCulture, $", resynchronising {percent:0} % ({report.ResynchronizeReason})"),
        { ProgressPercent: { } percent } => string.Create(CultureInfo.InvariantCulture, $", {percent:0} % done"),
        _ => "",
    };

    private static string Lag(double? seconds) => seconds is { } lag ? string.Create(CultureInfo.InvariantCulture, $"{lag:0.#} s") : "-";

    private static string Size(long bytes)
    {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < Units.Length - 1)
        {
            size /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {Units[unit]}");
    }
}
