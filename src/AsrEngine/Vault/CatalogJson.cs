using System.Text.Json;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>Documents as objects.</summary>
public static class CatalogJson
{
    /// <summary>The document's object; <see cref="AsrErrorCode.VaultDocumentCorrupt"/> when it is not one.</summary>
    public static T Read<T>(string collection, CatalogDocument document)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(document.Content.Span, AsrJson.Indented) ?? throw Corrupt(collection, document, "it is null", null);
        }
        catch (JsonException error)
        {
            throw Corrupt(collection, document, error.Message, error);
        }
    }

    private static AsrException Corrupt(string collection, CatalogDocument document, string why, JsonException? inner) => new(
        AsrErrorCode.VaultDocumentCorrupt,
        $"Document {collection}/{document.Id} is not what it should be: {why}",
        "Restore this document from a copy of the vault.",
        $"{collection}/{document.Id}",
        inner);
}
