using System.Net;
using Asr.Contracts;
using Asr.ProcessServer.Compute;
using Asr.ProcessServer.Compute.Disks;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Jobs.Definitions;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.MasterTarget;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Recovery.Mounts;
using Asr.ProcessServer.Upkeep;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Orleans.Storage;

namespace Asr.ProcessServer.Jobs;

/// <summary>Adds machines, their jobs and the recovery site to the appliance.</summary>
internal static class MachineJobsHosting
{
    /// <summary>
    /// Registers <see cref="IMachineService"/>, <see cref="IJobService"/> and what they run on. Expects the vault with its catalog, sink, source and points,
    /// the policies, the events and the <see cref="WorkFolder"/> to be registered by others.
    /// </summary>
    public static IHostApplicationBuilder AddMachineJobs(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(System.TimeProvider.System);
        AddSilo(builder);
        AddJobs(builder.Services);
        AddRecovery(builder.Services);
        // After the silo, so that they start after it and stop before it.
        builder.Services.AddHostedService<UnfinishedWork>();
        builder.Services.AddHostedService<MachineMonitor>();
        builder.Services.AddHostedService<MountKeeper>();
        builder.Services.AddSingleton<SpaceReclaimer>();
        builder.Services.AddHostedService(static services => services.GetRequiredService<SpaceReclaimer>());
        builder.Services.AddSingleton<VaultHealth>();
        builder.Services.AddSingleton<VaultScrubber>();
        builder.Services.AddHostedService(static services => services.GetRequiredService<VaultScrubber>());
        return builder;
    }

    private static void AddSilo(IHostApplicationBuilder builder)
    {
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePorts.Take(), gatewayPort: 0);
            silo.Configure<EndpointOptions>(endpoint => endpoint.AdvertisedIPAddress = IPAddress.Loopback);
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("appliance", "asr"));
            silo.Configure<ClusterMembershipOptions>(DeclareNoSiloDead);
            silo.Services.AddSerializer(serializer => serializer.AddJsonSerializer(
                type => type.Namespace?.StartsWith("Asr.", System.StringComparison.Ordinal) == true, AsrJson.Options));
            silo.Services.AddKeyedSingleton<IGrainStorage>(
                CatalogGrainStorage.Name, (services, _) => ActivatorUtilities.CreateInstance<CatalogGrainStorage>(services));
        });
    }

    // A silo compares the time its start was noted with the clock. One that was set forward in between has it take itself for a silo that never managed to join,
    // declare itself dead and end the process. The only silo of a cluster has nobody to declare dead.
    private static void DeclareNoSiloDead(ClusterMembershipOptions membership)
    {
        membership.EvictWhenMaxJoinAttemptTimeExceeded = false;
        membership.LivenessEnabled = false;
    }

    private static void AddJobs(IServiceCollection services)
    {
        services.AddSingleton<ChangeSignals>();
        services.AddSingleton<MachineDirectory>();
        services.AddSingleton<ChangeWatchStore>();
        services.AddSingleton<IMachineService, MachineService>();
        services.AddSingleton<GroupService>();
        services.AddSingleton<GroupTrouble>();
        services.AddSingleton<IJobService, JobService>();
        services.AddSingleton<JobHistory>();
        services.AddSingleton<JobPlanner>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<MachineWaits>();
        services.AddSingleton<IJobDefinition, EnableReplicationJob>();
        services.AddSingleton<IJobDefinition, DisableReplicationJob>();
        services.AddSingleton<IJobDefinition, ReplicationControlJobs>();
        services.AddSingleton<IJobDefinition, TestFailoverJob>();
        services.AddSingleton<IJobDefinition, CleanUpTestFailoverJob>();
        services.AddSingleton<IJobDefinition, FailoverJob>();
        services.AddSingleton<IJobDefinition, ChangeRecoveryPointJob>();
        services.AddSingleton<IJobDefinition, CommitFailoverJob>();
        services.AddSingleton<IJobDefinition, CancelFailoverJob>();
        services.AddSingleton<IJobDefinition, ReprotectJob>();
        services.AddSingleton<IJobDefinition, FailbackJob>();
        services.AddSingleton<IJobDefinition, ExportRecoveryPointJob>();
        services.AddSingleton<IJobDefinition, CheckVaultJob>();
        services.AddSingleton<IJobDefinition, VerifyReplicationJob>();
    }

    private static void AddRecovery(IServiceCollection services)
    {
        services.AddSingleton(provider => new RecoveryFolders(provider.GetRequiredService<WorkFolder>().Path));
        services.AddSingleton<IExportHost, FailoverCopyHost>();
        services.AddSingleton<IComputeTarget, DisksTarget>();
        services.AddSingleton<CopyOpener>();
        services.AddSingleton<CopyBuilder>();
        services.AddSingleton<DiskExporter>();
        services.AddSingleton<PointsInUse>();
        services.AddSingleton<PointMounts>();
        services.AddSingleton<IPointMounts>(provider => provider.GetRequiredService<PointMounts>());
        services.AddSingleton<BringUpSteps>();
        services.AddSingleton<RecoverySite>();
        services.AddSingleton<SiteMachineFactory>();
        services.AddSingleton<ReverseReplicationFactory>();
    }
}
