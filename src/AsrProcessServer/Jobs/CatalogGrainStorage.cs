using System;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Asr.ProcessServer.Jobs;

/// <summary>
/// Keeps grain state as readable documents in the vault's catalog: the name of the state is the collection, the grain's key is the
/// id. A document that another process changed meanwhile is an <see cref="InconsistentStateException"/>; Orleans then drops the
/// activation, and the next call reads the document anew.
/// </summary>
public sealed class CatalogGrainStorage(ICatalog catalog) : IGrainStorage
{
    /// <summary>Name under which the storage is registered.</summary>
    public const string Name = "catalog";

    /// <inheritdoc />
    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        CatalogDocument? document = await catalog.ReadAsync(stateName, IdOf(grainId), CancellationToken.None);
        if (document is null)
        {
            grainState.State = Activator.CreateInstance<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
            return;
        }
        grainState.State = Parse<T>(document.Content, stateName, document.Id);
        grainState.ETag = document.ETag;
        grainState.RecordExists = true;
    }

    /// <inheritdoc />
    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(grainState.State, AsrJson.Indented);
        try
        {
            grainState.ETag = await catalog.WriteAsync(stateName, IdOf(grainId), content, grainState.RecordExists ? grainState.ETag : null, CancellationToken.None);
        }
        catch (AsrException error) when (error.Code is AsrErrorCode.Conflict or AsrErrorCode.AlreadyExists)
        {
            throw new InconsistentStateException(error.Message, "", grainState.ETag ?? "", error);
        }
        grainState.RecordExists = true;
    }

    /// <inheritdoc />
    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (grainState is { RecordExists: true, ETag: { } etag })
        {
            try
            {
                await catalog.DeleteAsync(stateName, IdOf(grainId), etag, CancellationToken.None);
            }
            catch (AsrException error) when (error.Code is AsrErrorCode.Conflict)
            {
                throw new InconsistentStateException(error.Message, "", etag, error);
            }
        }
        grainState.State = Activator.CreateInstance<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    /// <summary>Reads a document of one of the collections kept here.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.VaultDocumentCorrupt"/>.</exception>
    public static T Parse<T>(ReadOnlyMemory<byte> content, string collection, string id)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(content.Span, AsrJson.Options)
                ?? throw new JsonException("The document is null.");
        }
        catch (JsonException error)
        {
            throw new AsrException(
                AsrErrorCode.VaultDocumentCorrupt,
                $"Document '{id}' of collection '{collection}' cannot be read: {error.Message}",
                "Restore the document from a copy of the vault.",
                id,
                error);
        }
    }

    private static string IdOf(GrainId grainId) => grainId.GetGuidKey().ToString("D");
}
