using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Asr.Contracts;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>How the agent's dealings with the appliance go, for the status file. Safe for concurrent callers.</summary>
internal sealed class ControlHealth(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<ApplianceExchange> _exchanges = [];
    private long _lastContactTicks;

    /// <summary>When the appliance last took a report, or null.</summary>
    public DateTimeOffset? LastContact => Interlocked.Read(ref _lastContactTicks) is > 0 and long ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>What keeps an exchange from succeeding, or null while all succeed.</summary>
    public AsrError? Error
    {
        get
        {
            lock (_gate)
            {
                return _exchanges.Select(exchange => exchange.LastError).FirstOrDefault(error => error is not null);
            }
        }
    }

    /// <summary>Adds an exchange to watch.</summary>
    public ApplianceExchange Add(string name, ILogger logger)
    {
        ApplianceExchange exchange = new(name, time, logger);
        lock (_gate)
        {
            _exchanges.Add(exchange);
        }

        return exchange;
    }

    /// <summary>Notes that the appliance has answered.</summary>
    public void NoteContact() => Interlocked.Exchange(ref _lastContactTicks, time.GetUtcNow().UtcTicks);
}
