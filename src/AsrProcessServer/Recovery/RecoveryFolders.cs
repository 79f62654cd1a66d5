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

    /// <summary>Folder of everything that mounts keep: none of it outlives the process, so all of it may be swept at a start.</summary>
    public string Mounts => Path.Combine(workFolder, "mounts");

    /// <summary>Folder of what one mount keeps.</summary>
    public string MountFolder(Guid mountId) => Path.Combine(Mounts, mountId.ToString("N"));

    /// <summary>Folder of the private writes of a drill.</summary>
    public string OverlayFolder(Guid jobId) => Path.Combine(workFolder, "overlays", jobId.ToString("N"));

    /// <summary>File of the private writes to one disk, in the folder of its drill or mount.</summary>
    public static string OverlayFile(string folder, Guid diskId) => Path.Combine(folder, diskId.ToString("N") + ".overlay");
}
