using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Hosting;
using Asr.Agent.State;
using Asr.Contracts;
using Asr.Engine.Capture;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Disks;

/// <summary>
/// The disks of this machine: those in service and those that are not. Owns the former. Opening, trying again and disposing are one caller's at a time; the
/// lists may be read by any.
/// </summary>
internal sealed class MachineDisks : IAsyncDisposable
{
    private readonly StateFolder _folder;
    private readonly DiskRegistry _registry;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private volatile ServedDisk[] _served = [];
    private volatile RefusedDisk[] _refused = [];

    private MachineDisks(StateFolder folder, ILoggerFactory loggers)
    {
        _folder = folder;
        _registry = DiskRegistry.Load(folder);
        _loggers = loggers;
        _logger = loggers.CreateLogger<MachineDisks>();
    }

    /// <summary>Disks in service.</summary>
    public IReadOnlyList<ServedDisk> Served => _served;

    /// <summary>Disks that could not be put into service.</summary>
    public IReadOnlyList<RefusedDisk> Refused => _refused;

    /// <summary>Puts every disk into service that can be.</summary>
    public static async Task<MachineDisks> OpenAsync(StateFolder folder, IReadOnlyCollection<DiskOption> options, bool areOffline, ILoggerFactory loggers)
    {
        MachineDisks disks = new(folder, loggers);
        try
        {
            foreach (DiskOption option in options)
            {
                await disks.TryServeAsync(option, areOffline).ConfigureAwait(false);
            }

            return disks;
        }
        catch
        {
            await disks.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Tries the refused disks again and gives those that are in service now.</summary>
    public async Task<IReadOnlyList<DiskCapture>> RetryRefusedAsync(bool areOffline)
    {
        List<DiskCapture> served = [];
        foreach (RefusedDisk refused in _refused)
        {
            if (await TryServeAsync(refused.Option, areOffline).ConfigureAwait(false) is { } disk)
            {
                served.Add(disk.Capture);
            }
        }

        return served;
    }

    /// <summary>Lets the clients' requests in flight end, then closes their connections.</summary>
    public Task StopServingAsync() => Task.WhenAll(_served.Select(disk => disk.StopServingAsync().AsTask()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_served.Select(disk => disk.DisposeAsync().AsTask())).ConfigureAwait(false);

    private async Task<ServedDisk?> TryServeAsync(DiskOption option, bool isOffline)
    {
        DiskEntry known = _registry.Resolve(option.Name, option.DiskPath);
        RefusedDisk? before = Array.Find(_refused, refused => refused.Option == option);
        RefusedDisk[] others = [.. _refused.Where(refused => refused != before)];
        if (known.Path != option.DiskPath && before is null)
        {
            _logger.DiskMoved(option.Name, known.Path, option.DiskPath);
        }

        try
        {
            ServedDisk disk = await ServedDisk.OpenAsync(option, known, _folder, isOffline, _loggers).ConfigureAwait(false);
            _served = [.. _served, disk];
            _refused = others;
            _registry.Update(known, option.DiskPath, disk.Capture.Length);
            _logger.DiskServed(option.Name, known.Id, disk.Capture.Length, disk.Capture.ExportUri!);
            return disk;
        }
        catch (AsrException error)
        {
            _refused = [.. others, new RefusedDisk(option, known, AsrError.From(error))];
            if (before?.Error.Code != error.Code)
            {
                _logger.DiskRefused(option.Name, option.DiskPath, error.Code, error.Message);
            }

            return null;
        }
    }
}
