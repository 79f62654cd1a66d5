using System;
using Asr.Contracts;
using Asr.Engine.Ingest;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Configuration.Endpoints;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Process;
using Asr.ProcessServer.Upkeep;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Asr.ProcessServer.Hosting;

/// <summary>Puts the appliance together: one web application on two ports over one vault.</summary>
internal static class ApplianceHost
{
    // Requests in flight get this long to end; batches cut off here are sent again by the agent.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Builds it, not started.</summary>
    /// <param name="options">Addresses and ports.</param>
    /// <param name="folder">The work folder, held by the caller for as long as the application lives.</param>
    /// <param name="vault">The opened vault.</param>
    /// <param name="addMachines">Adds <c>IMachineService</c>, <c>IJobService</c> and what they run on.</param>
    public static WebApplication Build(ApplianceOptions options, WorkFolder folder, ApplianceVault vault, Action<WebApplicationBuilder> addMachines)
    {
        // The empty builder: settings come from the command line alone, never from an appsettings.json that happens to lie around.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = folder.Path });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listeners.Configure(kestrel, options));
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, TransferBlocks>();
        builder.Services.AddSystemd();
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        AddContract(builder.Services);
        AddVault(builder.Services, vault);
        AddConfiguration(builder.Services, options, folder, vault);
        builder.Services.AddSingleton<TransferMemory>(services => new TransferMemory(services.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<DiskAccess>();
        addMachines(builder);

        WebApplication app = builder.Build();
        ErrorResponses.Use(app);
        app.UseRouting();
        app.UseMiddleware<CallerCheck>();
        SelfEndpoints.Map(app);
        EnrollmentEndpoints.Map(app);
        TokenEndpoints.Map(app);
        PolicyEndpoints.Map(app);
        MachineEndpoints.Map(app);
        MountEndpoints.Map(app);
        JobEndpoints.Map(app);
        AgentEndpoints.Map(app);
        ConsistencyEndpoints.Map(app);
        DiskEndpoints.Map(app);
        PointEndpoints.Map(app);
        return app;
    }

    private static void AddContract(IServiceCollection services)
    {
        services.Configure<JsonOptions>(json => AsrJson.Apply(json.SerializerOptions));

        // Malformed bodies and queries raise an exception, so that ErrorResponses can say what was wrong.
        services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true);
        ContractDocument.Add(services);
    }

    private static void AddVault(IServiceCollection services, ApplianceVault vault)
    {
        services.AddSingleton(vault.Vault);
        services.AddSingleton(vault.Vault.Catalog);
        services.AddSingleton(vault.Passphrase);
        services.AddSingleton<IRecoveryPointLog, RecoveryPointLog>();
        services.AddSingleton<IInstantLog, InstantLog>();
        services.AddSingleton<PointInTimeFinder>();
        services.AddSingleton<PointsInTime>();
        services.AddSingleton<IDiskOwners, VaultDiskOwners>();

        // The machines are looked up when a point has been published and not before: they may replicate through this very object.
        services.AddSingleton(provider => new VaultReplication(
            vault.Vault,
            provider.GetRequiredService<IRecoveryPointLog>(),
            provider.GetRequiredService<TimeProvider>(),
            (point, cancellationToken) => provider.GetRequiredService<IMachineService>().OnPointPublishedAsync(point, cancellationToken),
            (machineId, cancellationToken) => provider.GetRequiredService<ImmutabilityWindow>().FindAsync(machineId, cancellationToken),
            (machineId, damage, cancellationToken) => provider.GetRequiredService<DamageEvents>().TellAsync(machineId, damage, cancellationToken),
            (point, cancellationToken) => provider.GetRequiredService<GroupService>().AgreeAsync(point, cancellationToken)));
        services.AddSingleton<IReplicationSink>(provider => provider.GetRequiredService<VaultReplication>());
        services.AddSingleton<IReplicaSource>(provider => provider.GetRequiredService<VaultReplication>());
    }

    private static void AddConfiguration(IServiceCollection services, ApplianceOptions options, WorkFolder folder, ApplianceVault vault)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(folder);
        services.AddSingleton<ApplianceEndpoints>();
        services.AddSingleton<ServerCertificates>();
        services.AddSingleton<LongPolls>();
        services.AddSingleton(new CallerCertificates(vault.Authority));
        services.AddSingleton(provider => new CertificateIssuer(vault.Authority, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<TokenStore>(provider, provider.GetRequiredService<CertificateIssuer>().AuthorityFingerprint));
        services.AddSingleton<IEventLog, EventLog>();
        services.AddSingleton<IPolicyStore, PolicyStore>();
        services.AddSingleton<PolicyChanges>();
        services.AddSingleton<ImmutabilityWindow>();
        services.AddSingleton<DamageEvents>();
        services.AddSingleton<AgentEnrollment>();
        services.AddSingleton<OperatorEnrollment>();
        services.AddSingleton<FailedAttempts>();
        services.AddSingleton<ApplianceDescription>();
        services.AddHostedService<ApplianceRegistration>();
    }
}
