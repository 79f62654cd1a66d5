using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>The vault's events. A bounded number is kept, the oldest go first. Safe for concurrent callers.</summary>
public interface IEventLog
{
    /// <summary>Keeps an event and returns it as kept: id and time are filled in here.</summary>
    Task<AsrEvent> AddAsync(AsrEvent happened, CancellationToken cancellationToken);

    /// <summary>The newest <paramref name="countMax"/> events, newest first.</summary>
    Task<IReadOnlyList<AsrEvent>> ListAsync(int countMax, CancellationToken cancellationToken);
}
