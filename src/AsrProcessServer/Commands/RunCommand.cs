using System.CommandLine;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Configuration;
using Asr.ProcessServer.Hosting;
using Asr.ProcessServer.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog;
using Serilog.Core;

namespace Asr.ProcessServer.Commands;

/// <summary><c>asr-appliance run</c>: serves a vault until SIGTERM, Ctrl-C or the shutdown route; <see cref="AsrAppliance"/> on stdout when ready.</summary>
internal static class RunCommand
{
    private const int PortMax = 65_535;

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> vault = new("--vault") { Description = "Folder of the vault, or the URI of its container in Azure Storage.", Required = true };
        Option<string> work = new("--work") { Description = "Folder for spool, logs and failover copies; one appliance at a time.", Required = true };
        Option<string> listen = new("--listen") { Description = "Address to listen on.", DefaultValueFactory = _ => IPAddress.Loopback.ToString() };
        Option<int> controlPort = new("--control-port") { Description = "Port for module and agents; 0 for any.", DefaultValueFactory = _ => ApplianceOptions.ControlPortDefault };
        Option<int> dataPort = new("--data-port") { Description = "Port for replication data; 0 for any.", DefaultValueFactory = _ => ApplianceOptions.DataPortDefault };
        Option<FileInfo?> passphraseFile = new("--passphrase-file") { Description = "File whose first line is the passphrase; else the first line of stdin." };
        Option<bool> storageSecret = VaultCommands.CreateStorageSecretOption();
        Command run = new("run", "Runs the appliance.") { vault, work, listen, controlPort, dataPort, passphraseFile, storageSecret };
        run.SetAction((parsed, cancellationToken) => Answers.RunAsync(() => RunAsync(
            parsed.GetRequiredValue(vault),
            new ApplianceOptions
            {
                WorkFolder = parsed.GetRequiredValue(work),
                ListenAddress = ReadAddress(parsed.GetRequiredValue(listen)),
                ControlPort = ReadPort("--control-port", parsed.GetValue(controlPort)),
                DataPort = ReadPort("--data-port", parsed.GetValue(dataPort)),
            },
            parsed.GetValue(passphraseFile),
            parsed.GetValue(storageSecret),
            cancellationToken)));
        return run;
    }

    private static async Task RunAsync(string vaultPath, ApplianceOptions options, FileInfo? passphraseFile, bool hasStorageSecret, CancellationToken cancellationToken)
    {
        VaultSecrets secrets = await VaultSecrets.ReadAsync(vaultPath, passphraseFile, hasStorageSecret, cancellationToken);
        VaultSource source = VaultSource.Parse(vaultPath, secrets.Storage);
        using WorkFolder folder = WorkFolder.Open(options.WorkFolder);
        await using IVault vault = await source.OpenAsync(secrets.Passphrase, folder.SpoolFolder, cancellationToken);
        using X509Certificate2 authority = await VaultAuthority.LoadAsync(vault, cancellationToken);
        await using Logger log = Logs.Create(folder.LogFolder);
        ApplianceVault served = new() { Vault = vault, Authority = authority, Passphrase = new VaultPassphrase(source) };
        await using WebApplication app = ApplianceHost.Build(options, folder, served, builder =>
        {
            builder.Services.AddSerilog(log);
            builder.AddMachineJobs();
        });
        await StartAsync(app, options, cancellationToken);
        AsrAppliance self = app.Services.GetRequiredService<ApplianceDescription>().Describe();
        HostingLog.Started(app.Logger, self.Version, self.VaultId, self.ControlEndpoint, self.DataEndpoint);
        Answers.Write(self);
        await app.WaitForShutdownAsync(cancellationToken);
    }

    private static async Task StartAsync(WebApplication app, ApplianceOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException error)
        {
            // Kestrel's text names the address that is taken or not allowed.
            throw new AsrException(AsrErrorCode.ApplianceStartFailed, error.Message, "Choose free ports with --control-port and --data-port; 0 means any.",
                options.ListenAddress.ToString(), error);
        }
        catch (SocketException error)
        {
            throw new AsrException(AsrErrorCode.ApplianceStartFailed, $"Listening on {options.ListenAddress}, ports {options.ControlPort} and {options.DataPort} failed: {error.Message}",
                "Choose an address of this machine, and ports this account may use.", options.ListenAddress.ToString(), error);
        }
    }

    private static IPAddress ReadAddress(string text) => IPAddress.TryParse(text, out IPAddress? address)
        ? address
        : throw new AsrException(AsrErrorCode.InvalidArgument, $"--listen '{text}' is not an IP address.", "Give one address of this machine, or 0.0.0.0 for all.", text);

    private static int ReadPort(string option, int port) => port is >= 0 and <= PortMax
        ? port
        : throw new AsrException(AsrErrorCode.InvalidArgument, $"{option} {port} is not a port.", $"Give 1 to {PortMax}, or 0 for any free one.");
}
