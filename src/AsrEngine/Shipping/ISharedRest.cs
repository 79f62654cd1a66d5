using System;
using System.Threading;
using System.Threading.Tasks;

namespace Asr.Engine.Shipping;

/// <summary>Makes the rest of one machine a rest of several at one moment. Both throw <see cref="Asr.Contracts.AsrException"/> when that is not to be any more.</summary>
internal interface ISharedRest
{
    /// <summary>Tells that little is left; ends when it is time to come to rest.</summary>
    Task ReadyAsync(CancellationToken cancellationToken);

    /// <summary>Tells that all disks are at rest; ends when all machines are, or when the time is over. Does not wait for anything that may be at rest itself.</summary>
    Task AtRestAsync(TimeSpan timeout, CancellationToken cancellationToken);
}
