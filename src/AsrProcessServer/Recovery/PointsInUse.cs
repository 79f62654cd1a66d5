using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace Asr.ProcessServer.Recovery;

/// <summary>
/// The recovery points that something in this process reads besides what the machines' documents name: mounts and exports. They must not expire. Safe for
/// concurrent callers.
/// </summary>
public sealed class PointsInUse
{
    private readonly Lock _lock = new();
    private readonly List<Use> _uses = [];

    /// <summary>Keeps a point until the result is disposed. Taken before the point is looked up, so that it cannot expire in between.</summary>
    public IDisposable Hold(Guid machineId, Guid pointId)
    {
        Use use = new(this, machineId, pointId);
        lock (_lock)
        {
            _uses.Add(use);
        }
        return use;
    }

    /// <summary>The points of a machine that are in use.</summary>
    public IReadOnlyList<Guid> Of(Guid machineId)
    {
        lock (_lock)
        {
            return _uses.Where(use => use.MachineId == machineId).Select(use => use.PointId).ToArray();
        }
    }

    private sealed class Use(PointsInUse owner, Guid machineId, Guid pointId) : IDisposable
    {
        public Guid MachineId => machineId;

        public Guid PointId => pointId;

        public void Dispose()
        {
            lock (owner._lock)
            {
                owner._uses.Remove(this);
            }
        }
    }
}
