using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Recovery;

/// <summary>The exports of one copy while they are up. Owns the devices behind them. One caller at a time.</summary>
public sealed class OpenCopy(SiteCopy copy, IExportHost exports) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _devices = new();
    private readonly List<string> _names = [];

    /// <summary>True when this is what the document's copy asks for.</summary>
    public bool IsOf(SiteCopy? wanted) => wanted is not null && wanted.JobId == copy.JobId;

    /// <summary>Takes a device over; the last one taken is disposed first.</summary>
    public T Own<T>(T device)
        where T : IAsyncDisposable
    {
        _devices.Push(device);
        return device;
    }

    /// <summary>Serves a device.</summary>
    public async Task ServeAsync(string name, IBlockDevice device, CancellationToken cancellationToken)
    {
        await exports.AddAsync(name, device, cancellationToken);
        _names.Add(name);
    }

    /// <summary>Stops serving, then closes the devices.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string name in _names)
        {
            await exports.RemoveAsync(name);
        }
        while (_devices.TryPop(out IAsyncDisposable? device))
        {
            await device.DisposeAsync();
        }
    }
}
