using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Names of consistency groups that machines are in.</summary>
public sealed class ConsistencyGroupCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await connection.ListMachinesAsync(cancellationToken).ConfigureAwait(false))
            .Where(machine => machine.ConsistencyGroup is not null)
            .GroupBy(machine => machine.ConsistencyGroup!, StringComparer.OrdinalIgnoreCase)
            .Select(group => Offer(group.Key, group.Key, string.Join(", ", group.Select(machine => machine.Name))));
}
