using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Shipping;

/// <summary>
/// Who leads the rounds of a machine's consistency group: the appliance. Errors are <see cref="AsrException"/> with <see cref="AsrErrorCode.ApplianceUnreachable"/> or what the appliance
/// answered. One caller at a time.
/// </summary>
public interface IGroupCoordinator
{
    /// <summary>Tells what the machine has come to; ends when there is something to do, or with <see cref="ConsistencyCommand.Wait"/>.</summary>
    /// <param name="step">What it has come to.</param>
    /// <param name="timeout">After which no answer is of use.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task<ConsistencyOrder> StepAsync(ConsistencyStep step, TimeSpan timeout, CancellationToken cancellationToken);
}
