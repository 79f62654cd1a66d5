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
    private readonly DiskWatch _watch;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private volatile ServedDisk[] _served = [];
    private volatile RefusedDisk[] _refused = [];

    private MachineDisks(StateFolder folder, DiskPlan plan, DiskDiscovery discovery, ILoggerFactory loggers)
    {
        _folder = folder;
        _registry = DiskRegistry.Load(folder);
        _loggers = loggers;
        _logger = loggers.CreateLogger<MachineDisks>();
        _watch = new DiskWatch(plan, discovery, _registry, _logger);
    }

    /// <summary>Disks in service.</summary>
    public IReadOnlyList<ServedDisk> Served => _served;

    /// <summary>Disks that could not be put into service.</summary>
    public IReadOnlyList<RefusedDisk> Refused => _refused;

    /// <summary>Puts every disk of the plan into service that can be.</summary>
    public static async Task<MachineDisks> OpenAsync(StateFolder folder, DiskPlan plan, DiskDiscovery discovery, bool areOffline, ILoggerFactory loggers)
    {
        MachineDisks disks = new(folder, plan, discovery, loggers);
        try
        {
            await disks.FollowAsync(areOffline, _ => Task.CompletedTask).ConfigureAwait(false);
            return disks;
        }
        catch
        {
            await disks.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Brings what is in service in line with the disks there are now: drops what is gone, has another size or is another disk, tries what is new or was refused. Gives those that are in service now
    /// and were not.
    /// </summary>
    /// <param name="areOffline">True to refuse writes to new ones from the first request on.</param>
    /// <param name="withdraw">Called before a disk is closed; when it ends nothing uses the disk.</param>
    public async Task<IReadOnlyList<DiskCapture>> FollowAsync(bool areOffline, Func<DiskCapture, Task> withdraw)
    {
        IReadOnlyList<WantedDisk> wanted = _watch.Look();
        foreach (ServedDisk disk in _served)
        {
            WantedDisk now = wanted.First(candidate => candidate.Option.Name == disk.Capture.Name);
            if (now.Option != disk.Option || now.Refusal is not null || now.SizeBytes is { } size && size != disk.Capture.Length)
            {
                _logger.DiskDropped(disk.Option.Name, disk.Option.DiskPath, disk.Capture.Length, now.SizeBytes ?? 0);
                await withdraw(disk.Capture).ConfigureAwait(false);
                await disk.DisposeAsync().ConfigureAwait(false);
                _served = [.. _served.Where(other => other != disk)];
                _registry.NoteGone(_registry.Resolve(disk.Option.Name, disk.Option.DiskPath));
            }
        }

        List<DiskCapture> added = [];
        foreach (WantedDisk disk in wanted.Where(candidate => !Array.Exists(_served, served => served.Option.Name == candidate.Option.Name)))
        {
            if (await TryServeAsync(disk, areOffline).ConfigureAwait(false) is { } served)
            {
                added.Add(served.Capture);
            }
        }

        return added;
    }

    /// <summary>Lets the clients' requests in flight end, then closes their connections.</summary>
    public Task StopServingAsync() => Task.WhenAll(_served.Select(disk => disk.StopServingAsync().AsTask()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_served.Select(disk => disk.DisposeAsync().AsTask())).ConfigureAwait(false);

    private async Task<ServedDisk?> TryServeAsync(WantedDisk wanted, bool isOffline)
    {
        DiskOption option = wanted.Option;
        DiskEntry known = _registry.Resolve(option.Name, option.DiskPath);
        RefusedDisk? before = Array.Find(_refused, refused => refused.Option.Name == option.Name);
        RefusedDisk[] others = [.. _refused.Where(refused => refused != before)];
        try
        {
            if (wanted.Refusal is { } refusal)
            {
                throw refusal.ToException();
            }

            if (known.Path != option.DiskPath && before is null)
            {
                TellMove(option, known.Path);
            }

            ServedDisk disk = await ServedDisk.OpenAsync(option, known, _folder, isOffline, _loggers).ConfigureAwait(false);
            _served = [.. _served, disk];
            _refused = others;
            _registry.Update(known, option.DiskPath, disk.Capture.Length, option.IsServed ? null : BootIdentity.Read());
            _logger.DiskServed(option.Name, known.Id, disk.Capture.Length, disk.Capture.ExportUri ?? option.DiskPath);
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

    private void TellMove(DiskOption option, string oldPath)
    {
        if (oldPath.Length > 0)
        {
            _logger.DiskMoved(option.Name, oldPath, option.DiskPath);
        }
        else
        {
            _logger.DiskReturned(option.Name, option.DiskPath);
        }
    }
}
