using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Names of the disks of the machines named.</summary>
public sealed class DiskCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await BoundMachines.ListAsync(connection, boundParameters, cancellationToken).ConfigureAwait(false))
            .SelectMany(machine => machine.Disks.Select(disk =>
                Offer(disk.Name, disk.Name, $"{Display.Bytes(disk.SizeBytes)} of {machine.Name}")))
            .GroupBy(result => result.CompletionText)
            .Select(same => same.First());
}
