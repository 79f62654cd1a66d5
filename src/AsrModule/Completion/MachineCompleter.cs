using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Names of machines.</summary>
public sealed class MachineCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await connection.ListMachinesAsync(cancellationToken).ConfigureAwait(false))
            .Select(machine => Offer(machine.Name, machine.Name, $"{machine.State}, {machine.ActiveLocation} site"));
}
