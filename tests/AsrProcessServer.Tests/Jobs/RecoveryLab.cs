using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Ingest;
using Asr.Engine.Points;
using Asr.Engine.Shipping;
using Asr.Engine.Vault;
using Asr.Engine.Vault.Local;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Groups;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Asr.ProcessServer.Upkeep;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Asr.ProcessServer.Tests.Jobs;

/// <summary>
/// A real vault in a temporary folder, and the appliance's machines and jobs over it, which can be stopped and started like a process:
/// nothing but the vault and the work folder outlives a restart.
/// </summary>
internal sealed class RecoveryLab : IAsyncDisposable
{
    private const string Passphrase = "passphrase";

    private readonly Action<IServiceCollection>? _configure;
    private readonly LocalVaultOptions _options;
    private WorkFolder? _workFolder;
    private IHost? _host;

    private RecoveryLab(string folder, IVault vault, LocalVaultOptions options, ManualTime time, Action<IServiceCollection>? configure)
    {
        Folder = folder;
        Vault = vault;
        _options = options;
        Time = time;
        Points = new RecoveryPointLog(vault.Catalog, Time);
        _configure = configure;
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public string Folder { get; }

    public string WorkPath { get; set; } = "";

    public string VaultPath => Path.Combine(Folder, "vault");

    public IVault Vault { get; private set; }

    public IRecoveryPointLog Points { get; private set; }

    public ManualTime Time { get; }

    /// <summary>The vault's ingest of the running appliance; null while it is down.</summary>
    public VaultReplication? Replication { get; private set; }

    public IServiceProvider Services => _host!.Services;

    public IMachineService Machines => Services.GetRequiredService<IMachineService>();

    public IJobService Jobs => Services.GetRequiredService<IJobService>();

    public static async Task<RecoveryLab> StartAsync(Action<IServiceCollection>? configure = null, int indexRunSegments = 64)
    {
        string folder = Directory.CreateTempSubdirectory("asr-lab-").FullName;
        ManualTime time = new();
        LocalVaultOptions options = new() { Time = time, IndexRunSegments = indexRunSegments };
        IVault vault = await LocalVault.CreateAsync(Path.Combine(folder, "vault"), Passphrase, options, Stop);
        RecoveryLab lab = new(folder, vault, options, time, configure)
        {
            WorkPath = Path.Combine(folder, "work"),
        };
        await lab.BootAsync();
        return lab;
    }

    /// <summary>Starts the appliance.</summary>
    public async Task BootAsync()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        _workFolder = WorkFolder.Open(WorkPath);
        builder.Services.AddLogging();
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddSingleton(_workFolder);
        builder.Services.AddSingleton(Vault);
        builder.Services.AddSingleton(Vault.Catalog);
        builder.Services.AddSingleton(Points);
        builder.Services.AddSingleton<IInstantLog, InstantLog>();
        builder.Services.AddSingleton<PointInTimeFinder>();
        builder.Services.AddSingleton<PointsInTime>();
        Replication = new VaultReplication(Vault, Points, Time, (point, cancellationToken) => Machines.OnPointPublishedAsync(point, cancellationToken), (machineId, cancellationToken) =>
            new ImmutabilityWindow(Machines, Services.GetRequiredService<IPolicyStore>()).FindAsync(machineId, cancellationToken), (machineId, damage, cancellationToken) =>
            new DamageEvents(Services.GetRequiredService<IEventLog>(), Machines).TellAsync(machineId, damage, cancellationToken), (point, cancellationToken) =>
            Services.GetRequiredService<GroupService>().AgreeAsync(point, cancellationToken));
        builder.Services.AddSingleton<IReplicationSink>(Replication);
        builder.Services.AddSingleton<IReplicaSource>(Replication);
        builder.Services.AddSingleton<IEventLog, EventLog>();
        builder.Services.AddSingleton<IPolicyStore, PolicyStore>();
        builder.AddMachineJobs();
        _configure?.Invoke(builder.Services);
        _host = builder.Build();
        await _host.StartAsync(Stop);
    }

    /// <summary>Stops the appliance where it is.</summary>
    public async Task HaltAsync()
    {
        await _host!.StopAsync(Stop);
        await Replication!.DisposeAsync();
        Replication = null;
        _host.Dispose();
        _host = null;
        _workFolder!.Dispose();
    }

    public async Task RestartAsync()
    {
        await HaltAsync();
        await BootAsync();
    }

    /// <summary>Restarts the appliance with nothing of the vault in memory any more.</summary>
    public async Task RestartWithVaultAsync()
    {
        await HaltAsync();
        await Vault.DisposeAsync();
        Vault = await OpenVaultAsync();
        Points = new RecoveryPointLog(Vault.Catalog, Time);
        await BootAsync();
    }

    /// <summary>The vault as another process sees it.</summary>
    public Task<IVault> OpenVaultAsync() => LocalVault.OpenAsync(VaultPath, Passphrase, _options, Stop);

    /// <summary>Makes a policy and a machine whose agent has offered disks.</summary>
    public async Task<Guid> EnrollAsync(string name, params AsrDisk[] disks)
    {
        await Services.GetRequiredService<IPolicyStore>().PutAsync(new AsrReplicationPolicy { Name = "gold", CrashConsistentFrequencySeconds = 1 }, create: false, Stop);
        Guid machineId = await Machines.RegisterAsync(name, Stop);
        AgentAssignment assignment = await Machines.GetAssignmentAsync(machineId, null, Stop);
        await Machines.ReportAsync(machineId, new AgentReport { AssignmentRevision = assignment.Revision, Disks = disks }, Stop);
        return machineId;
    }

    /// <summary>Waits for a job to end.</summary>
    public async Task<AsrJob> EndOfAsync(Guid jobId)
    {
        AsrJob job = await Jobs.GetAsync(jobId, null, Stop);
        while (job.State is JobState.NotStarted or JobState.InProgress)
        {
            job = await Jobs.GetAsync(jobId, job.Revision, Stop);
        }
        return job;
    }

    public async Task<AsrJob> RunAsync(Guid machineId, OperationRequest request)
    {
        AsrJob job = await StartAsync(machineId, request);
        return await EndOfAsync(job.Id);
    }

    public Task<AsrJob> StartAsync(Guid machineId, OperationRequest request) =>
        Machines.StartAsync(machineId, request.RequestId == Guid.Empty ? request with { RequestId = Guid.NewGuid() } : request, "tester", Stop);

    /// <summary>The next point of a machine that is later than now.</summary>
    public async Task<AsrRecoveryPoint> NextPointAsync(Guid machineId)
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        IReadOnlyList<AsrRecoveryPoint> points = [];
        while (points is not [{ } newest] || newest.Time <= now)
        {
            await Task.Delay(50, Stop);
            points = await Points.ListAsync(machineId, 1, Stop);
        }
        return points[0];
    }

    public async Task<IReadOnlyList<AsrEvent>> EventsAsync() => await Services.GetRequiredService<IEventLog>().ListAsync(1000, Stop);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await HaltAsync();
        }
        await Vault.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
