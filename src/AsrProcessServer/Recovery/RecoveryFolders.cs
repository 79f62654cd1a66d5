using System;
using System.IO;

namespace Asr.ProcessServer.Recovery;

/// <summary>Where copies keep their files when no one says otherwise: all below the appliance's work folder.</summary>
public sealed class RecoveryFolders(string workFolder)
{
    /// <summary>The Unix socket of the exports.</summary>
    public string ExportSocket => Path.Combine(workFolder, "nbd.sock");

    /// <summary>Folder for the disk files of a copy.</summary>
    public string CopyFolder(string machineName, ExportKind kind, Guid jobId) =>
        Path.Combine(workFolder, "copies", $"{machineName}-{(kind == ExportKind.TestFailover ? "test" : "failover")}-{jobId.ToString("N")[..8]}");

    /// <summary>Folder of the private writes of a drill.</summary>
    public string OverlayFolder(Guid jobId) => Path.Combine(workFolder, "overlays", jobId.ToString("N"));

    /// <summary>File of the private writes to one disk of a drill.</summary>
    public string OverlayFile(Guid jobId, Guid diskId) => Path.Combine(OverlayFolder(jobId), diskId.ToString("N") + ".overlay");
}
