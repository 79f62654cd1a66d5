using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Agent.Capture;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Nbd;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Disks;

/// <summary>
/// One disk in service: source, activity log, capture, and the NBD server that exports it unless the machine uses it directly. Owns all of them.
/// </summary>
internal sealed class ServedDisk : IAsyncDisposable
{
    private readonly NbdServer? _server;

    private ServedDisk(DiskOption option, DiskCapture capture, NbdServer? server)
    {
        Option = option;
        Capture = capture;
        _server = server;
    }

    /// <summary>How it was opened.</summary>
    public DiskOption Option { get; }

    /// <summary>The write splitter.</summary>
    public DiskCapture Capture { get; }

    /// <summary>
    /// Opens a disk, and exports it if it is to be served. Throws <see cref="AsrException"/> when the disk cannot be served; then nothing of it stays open.
    /// </summary>
    /// <param name="option">What and where.</param>
    /// <param name="known">Its entry in the registry.</param>
    /// <param name="folder">Where the activity log is.</param>
    /// <param name="isOffline">True to refuse writes from the first request on.</param>
    /// <param name="loggers">Logs.</param>
    public static async Task<ServedDisk> OpenAsync(DiskOption option, DiskEntry known, StateFolder folder, bool isOffline, ILoggerFactory loggers)
    {
        if (!option.IsServed)
        {
            DiskCapture tracked = await TrackedDisk.OpenAsync(option, known).ConfigureAwait(false);
            if (isOffline)
            {
                await tracked.TakeOfflineAsync(default).ConfigureAwait(false);
            }

            return new ServedDisk(option, tracked, null);
        }

        DiskCapture capture = await OpenCaptureAsync(option, known, folder).ConfigureAwait(false);
        NbdServer server = new(
            new NbdServerOptions { SocketPath = option.SocketPath, TcpEndPoint = option.TcpEndPoint }, loggers.CreateLogger<NbdServer>());
        try
        {
            if (isOffline)
            {
                await capture.TakeOfflineAsync(default).ConfigureAwait(false);
            }

            // A capture passes flushes to the one source below it, so a flush on any connection covers them all.
            server.AddExport(new NbdExport(option.Name, capture) { IsMultiConnectionSafe = true });
            server.Start();
            capture.ExportUri = server.GetUris(option.Name)[0].ToString();
            return new ServedDisk(option, capture, server);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            await capture.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets the clients' requests in flight end, then closes their connections.</summary>
    public ValueTask StopServingAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopServingAsync().ConfigureAwait(false);
        await Capture.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task<DiskCapture> OpenCaptureAsync(DiskOption option, DiskEntry known, StateFolder folder)
    {
        FileBlockDevice source = FileBlockDevice.Open(option.DiskPath, isReadOnly: false);
        try
        {
            known.RequireSize(source.Length);
            string log = folder.ActivityLogFile(known.Id);
            if (known.Path != option.DiskPath)
            {
                // What the log knows, it knows of the disk at the old path.
                File.Delete(log);
            }

            return new DiskCapture(known.Id, option.Name, source, ActivityLog.Open(log, known.Id, source.Length, source: source));
        }
        catch (Exception error)
        {
            await source.DisposeAsync().ConfigureAwait(false);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new AsrException(
                    AsrErrorCode.DiskUnreadable,
                    $"The activity log of disk '{option.Name}' cannot be used: {error.Message}",
                    "Check the state folder's permissions and free space, then restart the agent.",
                    option.Name,
                    error);
            }

            throw;
        }
    }
}
