using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Names of the points of the machines named.</summary>
public sealed class RecoveryPointNameCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken)
    {
        List<CompletionResult> results = new();
        foreach (AsrReplicatedMachine machine in await BoundMachines.ListAsync(connection, boundParameters, cancellationToken).ConfigureAwait(false))
        {
            List<AsrRecoveryPoint> points = await connection.ListPointsAsync(machine.Id, cancellationToken).ConfigureAwait(false);
            results.AddRange(points.Where(point => point.Name is not null)
                .Select(point => Offer(point.Name!, point.Name!, $"{Display.Time(point.Time)} {point.Type} of {machine.Name}")));
        }

        return results;
    }
}
