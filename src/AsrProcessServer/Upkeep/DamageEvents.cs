using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Upkeep;

/// <summary>Tells of damage in the vault that a machine's new points stand on.</summary>
internal sealed class DamageEvents(IEventLog events, IMachineService machines)
{
    public async Task TellAsync(Guid machineId, StoredObjectException damage, CancellationToken cancellationToken)
    {
        string name = (await machines.GetAsync(machineId, cancellationToken)).Name;
        await events.AddAsync(
            new AsrEvent
            {
                Severity = EventSeverity.Critical,
                Code = VaultHealth.ObjectDamaged,
                Message = $"Recovery points of '{name}' cannot be opened, new ones included: {damage.Message}",
                Action = $"Restore the object from a copy of the vault, or run Start-AsrResynchronization for '{name}': new points are whole then.",
                MachineId = machineId,
                MachineName = name,
            },
            cancellationToken);
    }
}
