using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>Ids of the mounts, shown by machine and time of the point.</summary>
public sealed class MountCompleter : ConnectionCompleter
{
    private protected override async Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken) =>
        (await connection.ListMountsAsync(cancellationToken).ConfigureAwait(false))
            .Select(mount => Offer(
                mount.Id.ToString(), $"{mount.MachineName} {Display.Time(mount.RecoveryPointTime)}", $"{mount.Id}, ends {Display.Time(mount.ExpiresAt)}"));
}
