using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Recovery;

/// <summary>The disks of one copy while they are open, and their exports. Owns the devices. One caller at a time.</summary>
public sealed class OpenCopy(SiteCopy copy, IExportHost exports) : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _devices = new();
    private readonly Queue<(string Name, IBlockDevice Device)> _waiting = new();
    private readonly List<string> _served = [];

    /// <summary>True when this is what the document's copy asks for.</summary>
    public bool IsOf(SiteCopy? wanted) => wanted is not null && wanted.JobId == copy.JobId;

    /// <summary>Takes a device over; the last one taken is disposed first.</summary>
    public T Own<T>(T device)
        where T : IAsyncDisposable
    {
        _devices.Push(device);
        return device;
    }

    /// <summary>Names a device that is to be served.</summary>
    public void Offer(string name, IBlockDevice device) => _waiting.Enqueue((name, device));

    /// <summary>Serves what has been offered and is not served yet.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        while (_waiting.TryPeek(out (string Name, IBlockDevice Device) next))
        {
            await exports.AddAsync(next.Name, next.Device, cancellationToken);
            _served.Add(next.Name);
            _waiting.Dequeue();
        }
    }

    /// <summary>Stops serving, then closes the devices.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string name in _served)
        {
            await exports.RemoveAsync(name);
        }
        while (_devices.TryPop(out IAsyncDisposable? device))
        {
            await device.DisposeAsync();
        }
    }
}
