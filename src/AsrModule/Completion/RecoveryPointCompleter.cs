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

/// <summary>The words for the newest points, and the points of the machine named: shown by time, given by name or id.</summary>
public sealed class RecoveryPointCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken)
    {
        List<CompletionResult> results = new()
        {
            Offer(RecoveryPointIdentity.Latest, RecoveryPointIdentity.Latest, "the newest point"),
            Offer(RecoveryPointIdentity.LatestAppConsistent, RecoveryPointIdentity.LatestAppConsistent, "the newest app-consistent point"),
        };
        IReadOnlyList<AsrReplicatedMachine> machines =
            await BoundMachines.ListAsync(connection, boundParameters, cancellationToken).ConfigureAwait(false);
        if (machines.Count == 1)
        {
            List<AsrRecoveryPoint> points = await connection.ListPointsAsync(machines[0].Id, cancellationToken).ConfigureAwait(false);
            results.AddRange(points.OrderByDescending(point => point.Time).Select(point => Offer(
                point.Name ?? point.Id.ToString(), $"{Display.Time(point.Time)} {point.Type} {point.Name}".TrimEnd(), $"{point.Reason}, {point.Grade}, {point.Id}")));
        }

        return results;
    }
}
