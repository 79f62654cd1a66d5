using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.Consistency;
using Asr.Agent.Disks;
using Asr.Agent.Enrollment;
using Asr.Agent.State;
using Asr.Engine.Capture;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Core;
using Serilog.Extensions.Logging;

namespace Asr.Agent.Hosting;

/// <summary>
/// The running agent, put together: what serves the disks stands outside the host and outlives its loops, so that nothing that concerns the appliance
/// can end the service of the workload.
/// </summary>
internal static class AgentHost
{
    private const int ThreadsMin = 16;

    /// <summary>Runs until SIGTERM, SIGINT or cancellation, and ends in order. <paramref name="onServing"/> is called once, when every disk that can be is in service.</summary>
    public static async Task RunAsync(
        StateFolder folder, DiskPlan plan, IApplicationQuiescence applications, Action<AgentIdentity, ServedMachine> onServing, CancellationToken cancellationToken)
    {
        // Before the first write: the state folder itself may be on a file system that an earlier agent left frozen.
        IReadOnlyList<string> leftFrozen = FreezeNote.ThawLeftovers(FreezeNote.PathFor(folder.Path));
        using StateLock stateLock = StateLock.Take(folder);
        AgentIdentity identity = AgentIdentity.Load(folder);
        TimeProvider time = TimeProvider.System;
        await using Logger log = AgentLogging.Create(folder);
        using SerilogLoggerFactory loggers = new(log);
        if (leftFrozen.Count > 0)
        {
            loggers.CreateLogger(typeof(AgentHost)).ThawedLeftovers(string.Join(", ", leftFrozen));
        }

        // A thread that waits for a frozen file system, as to write a line of log, must not be the one that the appliance's answer needs: of one that is busy so, the pool takes half a second to notice.
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, ThreadsMin), completions);
        using ServiceNotifier notifier = new();
        using X509Certificate2 authority = identity.OpenAuthority();
        using AgentCredentials credentials = new(identity);
        ApplianceTrust trust = new(authority, time);
        using HttpReplication replication = new(identity.DataEndpoint, trust, credentials, time);
        using ControlClient control = new(identity.ControlEndpoint, trust, credentials, time);
        await using ServedMachine machine = await ServedMachine.StartAsync(folder, identity, plan, applications, replication, replication, control, loggers).ConfigureAwait(false);

        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSerilog(log);
        builder.Services.Configure<HostOptions>(host => host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(folder);
        builder.Services.AddSingleton(credentials);
        builder.Services.AddSingleton(control);
        builder.Services.AddSingleton(replication);
        builder.Services.AddSingleton<IServedMachine>(machine);
        builder.Services.AddSingleton<ControlHealth>();
        builder.Services.AddSingleton(notifier);
        builder.Services.AddSingleton<LoopHealth>();
        builder.Services.AddHostedService<StatusLoop>();
        builder.Services.AddHostedService<CertificateRenewal>();
        builder.Services.AddHostedService<DiskLoop>();
        builder.Services.AddHostedService<ReportLoop>();
        builder.Services.AddHostedService<AssignmentLoop>();
        builder.Services.AddHostedService<WatchdogLoop>();
        using IHost host = builder.Build();
        await host.StartAsync(cancellationToken).ConfigureAwait(false);
        loggers.CreateLogger(typeof(AgentHost)).Serving(identity.MachineName, identity.MachineId, machine.Captures.Count(), identity.ControlEndpoint);
        onServing(identity, machine);
        notifier.Ready(WatchdogLoop.Describe(machine.GetReport()));
        await host.WaitForShutdownAsync(cancellationToken).ConfigureAwait(false);
        notifier.Stopping();
    }
}
