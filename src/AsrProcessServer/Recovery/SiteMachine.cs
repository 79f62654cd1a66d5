using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Recovery;

/// <summary>What runs of one machine at the recovery site. Safe for concurrent callers: converging is done by one at a time.</summary>
public sealed class SiteMachine(Guid machineId, CopyOpener opener) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private OpenCopy? _testFailover;
    private OpenCopy? _failover;

    /// <summary>The machine.</summary>
    public Guid MachineId => machineId;

    /// <summary>Closes what should not be up and opens what should.</summary>
    public async Task ConvergeAsync(MachineDocument document, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_testFailover is { } drill && !drill.IsOf(document.TestFailover))
            {
                _testFailover = null;
                await drill.DisposeAsync();
            }
            if (_failover is { } running && !running.IsOf(document.Failover))
            {
                _failover = null;
                await running.DisposeAsync();
            }
            if (document.Failover is { } failover)
            {
                _failover ??= await opener.OpenFailoverAsync(document.Name, failover, cancellationToken);
            }
            if (document.TestFailover is { } testFailover)
            {
                _testFailover ??= await opener.OpenTestFailoverAsync(document.Name, testFailover, cancellationToken);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await ConvergeAsync(new MachineDocument(), CancellationToken.None);
        _turn.Dispose();
    }
}
