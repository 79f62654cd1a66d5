using System;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>A real asr-appliance process. Ended by its id when disposed.</summary>
internal sealed class ApplianceProcess : IAsyncDisposable
{
    // Below the range the system gives to clients: a port kept over a restart must not be taken by the agent's own attempts to connect.
    private const int PortFirst = 20_000;
    private const int PortEnd = 32_000;

    private readonly ManagedProcess _process;

    private ApplianceProcess(ManagedProcess process, AsrAppliance self)
    {
        _process = process;
        Self = self;
    }

    /// <summary>The line printed when ready.</summary>
    public AsrAppliance Self { get; }

    /// <summary>What it wrote to stderr.</summary>
    public string Errors => _process.Errors;

    /// <summary>Makes a vault.</summary>
    public static async Task<AsrVault> CreateVaultAsync(string path, string passphrase)
    {
        await using ManagedProcess process = Start(path, passphrase, "vault", "create", "--path", path);
        return await ReadAnswerAsync<AsrVault>(process);
    }

    /// <summary>Starts <c>run</c> and waits until it is ready. It listens on loopback unless an address is given.</summary>
    public static async Task<ApplianceProcess> RunAsync(string vault, string work, string passphrase, int controlPort, int dataPort, IPAddress? listen = null)
    {
        ManagedProcess process = Start(
            vault,
            passphrase,
            "run", "--vault", vault, "--work", work, "--control-port", Text(controlPort), "--data-port", Text(dataPort), "--listen", (listen ?? IPAddress.Loopback).ToString());
        try
        {
            return new ApplianceProcess(process, await ReadAnswerAsync<AsrAppliance>(process));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>A port of loopback that is free and stays so unless another server takes it.</summary>
    public static int FindPort()
    {
        while (true)
        {
            using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            int port = Random.Shared.Next(PortFirst, PortEnd);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken; another one.
            }
        }
    }

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _process.KillAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    // A container's secret is the second line, as the module sends it.
    private static ManagedProcess Start(string vault, string passphrase, params string[] arguments) => VaultLocation.IsContainer(vault)
        ? ManagedProcess.Start(ManagedProcess.Built("AsrProcessServer", "asr-appliance.dll"), [.. arguments, "--storage-secret"], $"{passphrase}\n{Azurite.ConnectionString}")
        : ManagedProcess.Start(ManagedProcess.Built("AsrProcessServer", "asr-appliance.dll"), arguments, passphrase);

    private static async Task<T> ReadAnswerAsync<T>(ManagedProcess process)
    {
        string? line = await process.ReadLineAsync(TestContext.Current.CancellationToken);
        return line is null
            ? throw new InvalidOperationException("asr-appliance ended: " + await process.FinishAsync(TestContext.Current.CancellationToken))
            : JsonSerializer.Deserialize<T>(line, AsrJson.Options)!;
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
