using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Recovery.Mounts;

namespace Asr.ProcessServer.Tests.Hosting.Doubles;

/// <summary>Mounts that open nothing.</summary>
internal sealed class MemoryMounts : IPointMounts
{
    private readonly Dictionary<Guid, AsrRecoveryPointMount> _mounts = [];

    public IReadOnlyList<AsrRecoveryPointMount> List() => _mounts.Values.ToList();

    public Task<AsrRecoveryPointMount> MountAsync(MountRequest request, string requestedBy, CancellationToken cancellationToken)
    {
        _mounts.TryAdd(request.RequestId, new AsrRecoveryPointMount { Id = request.RequestId, MachineId = request.MachineId, RequestedBy = requestedBy });
        return Task.FromResult(_mounts[request.RequestId]);
    }

    public Task DismountAsync(Guid mountId, CancellationToken cancellationToken)
    {
        _mounts.Remove(mountId);
        return Task.CompletedTask;
    }

    public Task DismountAllAsync(Guid machineId)
    {
        foreach (AsrRecoveryPointMount mount in List().Where(mount => mount.MachineId == machineId))
        {
            _mounts.Remove(mount.Id);
        }
        return Task.CompletedTask;
    }
}
