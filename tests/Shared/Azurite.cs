using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault.Azure;
using Xunit;

namespace Asr.Tests.Shared;

/// <summary>
/// Microsoft's emulator of Azure Storage, one for all tests of a process: started on loopback and a free port by the first test that asks, in memory only. It ends
/// when its standard input closes, so it does not outlive the tests even when they are killed.
/// </summary>
internal static class Azurite
{
    /// <summary>The emulator's account, the same everywhere: no secret.</summary>
    public const string Account = "devstoreaccount1";

    /// <summary>Its key, from Azurite's documentation.</summary>
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const string Listens = "successfully listens on ";
    private const string Start = "process.stdin.resume().on('end', () => process.exit()); require(process.argv[1])";

    private static readonly TimeSpan s_startTimeout = TimeSpan.FromMinutes(1);
    private static readonly Lazy<Task<Uri>> s_endpoint = new(StartAsync);

    // Kept: with the object its end of the pipe would go, and the emulator with it.
    private static Process? s_process;

    /// <summary>The account's address; the emulator has been started. Skips the test where it is not installed.</summary>
    public static Uri Endpoint
    {
        get
        {
            Assert.SkipWhen(RealTools.Find("node") is null, "needs node: install the Debian package nodejs");
            Assert.SkipWhen(MainScript is null, "needs Azurite: ./build.sh Test installs it");
            return s_endpoint.Value.GetAwaiter().GetResult();
        }
    }

    /// <summary>Account and key in the form that the portal shows.</summary>
    public static string ConnectionString => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint={Endpoint.AbsoluteUri.TrimEnd('/')};";

    /// <summary>A container that no other test has; it is not made yet.</summary>
    public static BlobContainerAddress NewContainer() => BlobContainerAddress.Parse($"{Endpoint}/{NewName()}", ConnectionString);

    /// <summary>The name of a container that no other test has.</summary>
    public static string NewName() => $"test-{Guid.NewGuid():N}";

    private static string? MainScript
    {
        get
        {
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                string script = Path.Combine(folder.FullName, "tools", "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js");
                if (File.Exists(script))
                {
                    return script;
                }
            }

            return null;
        }
    }

    private static async Task<Uri> StartAsync()
    {
        using CancellationTokenSource timeout = new(s_startTimeout);

        // Loose: it knows no CRC64, and would refuse the header.
        Process process = s_process = RealTools.Start(
            "node", "-e", Start, MainScript!, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--disableTelemetry", "--silent", "--skipApiVersionCheck", "--loose");
        _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (await process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            int at = line.IndexOf(Listens, StringComparison.Ordinal);
            if (at >= 0)
            {
                _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return new Uri($"{line[(at + Listens.Length)..].Trim()}/{Account}");
            }
        }

        throw new InvalidOperationException($"Azurite ended with {process.ExitCode} before it listened.");
    }
}
