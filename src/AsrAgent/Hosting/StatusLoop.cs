using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.State;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>Replaces the status file every second, and once more at the end.</summary>
internal sealed class StatusLoop(
    StateFolder folder,
    AgentCredentials credentials,
    IServedMachine machine,
    HttpReplication replication,
    ControlHealth health,
    LoopHealth loops,
    TimeProvider time,
    ILogger<StatusLoop> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // The state folder's disk may stall.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(2);

    private bool _isUnwritable;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LoopPulse pulse = loops.Watch("status file", SilenceMax);
        while (!stoppingToken.IsCancellationRequested)
        {
            pulse.Beat();
            Write();
            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Write();
    }

    private void Write()
    {
        AgentIdentity identity = credentials.Identity;
        AgentStatus status = new()
        {
            UpdatedAt = time.GetUtcNow(),
            ProcessId = Environment.ProcessId,
            MachineId = identity.MachineId,
            MachineName = identity.MachineName,
            ControlEndpoint = identity.ControlEndpoint,
            LastContact = health.LastContact,
            CertificateEnds = credentials.Certificate.NotAfter.ToUniversalTime(),
            Report = machine.GetReport(),
            LastPoint = replication.LastPoint,
            ConnectionError = health.Error,
        };
        try
        {
            StateFile.WriteVolatile(folder.StatusFile, status);
            _isUnwritable = false;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A full disk must not stop the service of the disks; told once.
            if (!_isUnwritable)
            {
                logger.StatusUnwritable(error.Message);
            }

            _isUnwritable = true;
        }
    }
}
