using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Times to go on from: those of the newest points of the machine named, exact and in UTC. Any second between them will do as well.</summary>
public sealed class PointInTimeCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken)
    {
        IReadOnlyList<AsrReplicatedMachine> machines =
            await BoundMachines.ListAsync(connection, boundParameters, cancellationToken).ConfigureAwait(false);
        if (machines.Count != 1)
        {
            return Enumerable.Empty<CompletionResult>();
        }

        List<AsrRecoveryPoint> points = await connection.ListPointsAsync(machines[0].Id, cancellationToken).ConfigureAwait(false);
        return points.OrderByDescending(point => point.Time).Select(point => Offer(
            Display.Instant(point.Time), Display.Time(point.Time), $"the time of a recovery point ({point.Reason}); any second near it may be written"));
    }
}
