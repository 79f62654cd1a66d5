using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Configuration;

namespace Asr.ProcessServer.Machines;

/// <summary>How long the points that a machine publishes now are immutable: what its policy says at that moment.</summary>
internal sealed class ImmutabilityWindow(IMachineService machines, IPolicyStore policies)
{
    /// <summary>The window; zero for a machine without a policy.</summary>
    public async Task<TimeSpan> FindAsync(Guid machineId, CancellationToken cancellationToken)
    {
        if ((await machines.GetAsync(machineId, cancellationToken)).PolicyName is not { } name)
        {
            return TimeSpan.Zero;
        }

        try
        {
            return (await policies.GetAsync(name, cancellationToken)).ImmutableFor;
        }
        catch (AsrException error) when (error.Code == AsrErrorCode.NotFound)
        {
            // Removed in the instant in which the machine came under it. No point at all would be worse than one without a window.
            return TimeSpan.Zero;
        }
    }
}
