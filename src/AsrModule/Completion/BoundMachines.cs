using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;
using Asr.Module.Identities;

namespace Asr.Module.Completion;

/// <summary>The machines that the command line names so far.</summary>
internal static class BoundMachines
{
    /// <summary>The machines of -Machine, or all while it is not given (they may come from the pipeline).</summary>
    public static async Task<IReadOnlyList<AsrReplicatedMachine>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken)
    {
        List<AsrReplicatedMachine> machines = await connection.ListMachinesAsync(cancellationToken).ConfigureAwait(false);
        return boundParameters["Machine"] is { } given
            && LanguagePrimitives.TryConvertTo(given, out MachineIdentity[]? identities)
            && identities is not null
            ? machines.Where(machine => identities.Any(identity => identity.Matches(machine))).ToList()
            : machines;
    }
}
