using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Asr.ProcessServer.Configuration;

/// <summary>
/// Keeps this appliance's description in the vault while it runs, so that someone who has only the vault finds it. The id belongs to the host and
/// work folder: an appliance that was killed leaves its document behind, and its next start replaces it.
/// </summary>
internal sealed class ApplianceRegistration(
    ICatalog catalog, ApplianceDescription description, WorkFolder folder, ILogger<ApplianceRegistration> logger) : IHostedLifecycleService
{
    private const string IdFileName = "appliance.id";
    private const string Collection = "appliances";
    private readonly CatalogCollection<AsrAppliance> _appliances = new(catalog, Collection);
    private string? _id;
    private string? _etag;

    /// <summary>Every registered appliance, last started first. One that was killed may be among them.</summary>
    public static async Task<List<AsrAppliance>> ListAsync(ICatalog catalog, CancellationToken cancellationToken)
    {
        List<AsrAppliance> appliances = [];
        await foreach (Stored<AsrAppliance> stored in new CatalogCollection<AsrAppliance>(catalog, Collection).ListAsync(cancellationToken))
        {
            appliances.Add(stored.Value);
        }

        appliances.Sort((a, b) => b.StartedAt.CompareTo(a.StartedAt));
        return appliances;
    }

    /// <summary>Writes the document: the listeners are bound by now, so the addresses are known.</summary>
    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        string id = ReadOrMakeId();
        Stored<AsrAppliance>? left = await _appliances.ReadAsync(id, cancellationToken);
        _etag = await _appliances.WriteAsync(id, description.Describe(), left?.ETag, cancellationToken);
        _id = id;
    }

    /// <summary>Removes the document before the listeners close.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_id is not { } id || _etag is not { } etag)
        {
            return;
        }

        try
        {
            await _appliances.DeleteAsync(id, etag, cancellationToken);
        }
        catch (AsrException error)
        {
            // The vault may be the very thing that is out of reach; stopping must not depend on it.
            HostingLog.RegistrationLeft(logger, id, error);
        }
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string ReadOrMakeId()
    {
        string path = Path.Combine(folder.Path, IdFileName);
        string? text = File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        if (!Guid.TryParseExact(text, "n", out Guid id))
        {
            id = Guid.NewGuid();
            File.WriteAllText(path, id.ToString("n"));
        }

        return $"{CatalogHostName()}-{id:n}";
    }

    private static string CatalogHostName()
    {
        const int charsMax = 64;
        StringBuilder name = new();
        foreach (char c in Dns.GetHostName().ToLowerInvariant())
        {
            if (name.Length < charsMax)
            {
                name.Append(c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' ? c : '_');
            }
        }

        return name.Length == 0 ? "host" : name.ToString();
    }
}
