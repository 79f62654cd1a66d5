using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Hosting;
using Asr.Agent.State;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Disks;

/// <summary>The disks of this machine: those in service and those that are not. Owns the former.</summary>
internal sealed class MachineDisks : IAsyncDisposable
{
    private MachineDisks(IReadOnlyList<ServedDisk> served, IReadOnlyList<RefusedDisk> refused)
    {
        Served = served;
        Refused = refused;
    }

    /// <summary>Disks in service.</summary>
    public IReadOnlyList<ServedDisk> Served { get; }

    /// <summary>Disks that could not be put into service.</summary>
    public IReadOnlyList<RefusedDisk> Refused { get; }

    /// <summary>Puts every disk into service that can be.</summary>
    public static async Task<MachineDisks> OpenAsync(StateFolder folder, IReadOnlyCollection<DiskOption> options, bool areOffline, ILoggerFactory loggers)
    {
        ILogger logger = loggers.CreateLogger<MachineDisks>();
        DiskRegistry registry = DiskRegistry.Load(folder);
        List<ServedDisk> served = [];
        List<RefusedDisk> refused = [];
        try
        {
            foreach (DiskOption option in options)
            {
                DiskEntry known = registry.Resolve(option.Name, option.DiskPath);
                if (known.Path != option.DiskPath)
                {
                    logger.DiskMoved(option.Name, known.Path, option.DiskPath);
                }

                try
                {
                    ServedDisk disk = await ServedDisk.OpenAsync(option, known, folder, areOffline, loggers).ConfigureAwait(false);
                    served.Add(disk);
                    registry.Update(known, option.DiskPath, disk.Capture.Length);
                    logger.DiskServed(option.Name, known.Id, disk.Capture.Length, disk.Capture.ExportUri!);
                }
                catch (AsrException error)
                {
                    refused.Add(new RefusedDisk(known, AsrError.From(error)));
                    logger.DiskRefused(option.Name, option.DiskPath, error.Code, error.Message);
                }
            }

            return new MachineDisks(served, refused);
        }
        catch
        {
            await new MachineDisks(served, refused).DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets the clients' requests in flight end, then closes their connections.</summary>
    public Task StopServingAsync() => Task.WhenAll(Served.Select(disk => disk.StopServingAsync().AsTask()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Task.WhenAll(Served.Select(disk => disk.DisposeAsync().AsTask())).ConfigureAwait(false);
}
