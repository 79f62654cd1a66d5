using System;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>What holds for a document wherever it is stored, and the errors that say so.</summary>
internal static class CatalogRules
{
    /// <summary>Largest document: 16 MiB.</summary>
    public const int DocumentBytesMax = 16 << 20;

    /// <summary>Largest stored document: the envelope's line is shorter than this allows.</summary>
    public const int EnvelopeBytesMax = DocumentBytesMax + 128;

    /// <summary>Throws when a document is too large to be stored.</summary>
    public static void CheckSize(string collection, string id, ReadOnlyMemory<byte> content)
    {
        if (content.Length > DocumentBytesMax)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"Document {collection}/{id} would have {content.Length} bytes, more than {DocumentBytesMax}.", target: id);
        }
    }

    /// <summary>Throws when what is stored is not what a write asks for.</summary>
    public static void CheckCondition(string collection, string id, CatalogDocument? current, string? ifMatch)
    {
        if (ifMatch is null && current is not null)
        {
            throw Exists(collection, id);
        }

        if (ifMatch is not null && current?.ETag != ifMatch)
        {
            throw Changed(collection, id);
        }
    }

    /// <summary>A document that was to be created is there.</summary>
    public static AsrException Exists(string collection, string id) => new(AsrErrorCode.AlreadyExists, $"Document {collection}/{id} exists already.", target: id);

    /// <summary>Someone else was faster.</summary>
    public static AsrException Changed(string collection, string id) =>
        new(AsrErrorCode.Conflict, $"Document {collection}/{id} changed since it was read.", "Read it again and retry.", id);

    /// <summary>What is stored is not a document of this name.</summary>
    public static AsrException Corrupt(string collection, string id, string where, string why) => new(
        AsrErrorCode.VaultDocumentCorrupt,
        $"Document {collection}/{id} in '{where}' is damaged: {why}.",
        "Restore it from a copy of the vault; other documents are not affected.",
        $"{collection}/{id}");
}
