using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Compute.Disks;
using Asr.ProcessServer.Hosting;

namespace Asr.ProcessServer.Recovery;

/// <summary>Writes one disk of a recovery point as a file of a wanted format, beside its place and durable when it returns. Safe for concurrent callers.</summary>
public sealed class DiskExporter(IExportHost exports)
{
    /// <summary>Extension of the files of a format.</summary>
    public static string ExtensionOf(DiskImageFormat format) => format switch
    {
        DiskImageFormat.Vhd => ".vhd",
        DiskImageFormat.Qcow2 => ".qcow2",
        _ => CopyFiles.RawExtension,
    };

    /// <summary>Throws <see cref="AsrErrorCode.ToolMissing"/> when this host cannot write the format.</summary>
    public static void Check(DiskImageFormat format)
    {
        if (format == DiskImageFormat.Qcow2)
        {
            HostTools.Demand(QemuImage.Tool);
        }
    }

    /// <summary>Writes it. On failure a part may stay; repeating begins anew.</summary>
    public async Task<AsrExportedDisk> WriteAsync(DiskExport export, IBlockDevice source, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        FailoverDisk disk = export.Disk;
        string part = CopyFiles.PartPath(export.Copy, disk);
        AsrExportedDisk file = new() { DiskId = disk.DiskId, Name = disk.Name, SizeBytes = disk.SizeBytes, Path = disk.Path!, Format = export.Format };
        if (export.Format == DiskImageFormat.Qcow2)
        {
            long bytes = await WriteQcow2Async(export, source, part, progress, cancellationToken);
            return file with { BytesWritten = bytes };
        }
        // One point and disk give one id and one time, and so one file, however often it is exported.
        WrittenDisk written = export.Format == DiskImageFormat.Vhd
            ? await DiskFile.WriteVhdAsync(
                source, part, Jobs.DerivedId.Of(export.Copy.Copy.RecoveryPointId, disk.DiskId.ToString()), export.Copy.Copy.RecoveryPointTime, progress, cancellationToken)
            : await DiskFile.WriteRawAsync(source, part, progress, cancellationToken);
        return file with { BytesWritten = written.BytesWritten, Sha256 = written.FileSha256, ContentSha256 = written.Sha256 };
    }

    private async Task<long> WriteQcow2Async(
        DiskExport export, IBlockDevice source, string part, Func<DiskProgress, ValueTask> progress, CancellationToken cancellationToken)
    {
        string name = ExportNames.ForFile(export.MachineName, export.Copy.JobId, export.Disk.Name);
        string uri = await exports.AddAsync(name, source, cancellationToken);
        try
        {
            long bytes = await QemuImage.ConvertAsync(
                uri, part, share => progress(new DiskProgress((long)(share * export.Disk.SizeBytes), 0)), cancellationToken);
            CopyFiles.Sync(part);
            return bytes;
        }
        finally
        {
            await exports.RemoveAsync(name);
        }
    }
}

/// <summary>What is to be written.</summary>
/// <param name="MachineName">Name of the machine.</param>
/// <param name="Copy">The planned copy.</param>
/// <param name="Disk">The disk of it.</param>
/// <param name="Format">As what.</param>
public sealed record DiskExport(string MachineName, SiteCopy Copy, FailoverDisk Disk, DiskImageFormat Format);
