using System;
using System.Buffers;
using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>The rule for names of collections and documents. It keeps every name a plain file and blob name.</summary>
public static class CatalogNames
{
    private const int CharactersMax = 128;

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Whether this can be the name of a collection or document.</summary>
    public static bool IsValid(ReadOnlySpan<char> name) =>
        name.Length is >= 1 and <= CharactersMax && name[0] != '.' && !name.ContainsAnyExcept(Allowed);

    /// <summary>Throws <see cref="AsrErrorCode.InvalidArgument"/> for a name that breaks the rule.</summary>
    public static void Check(string collection, string id)
    {
        if (!IsValid(collection) || !IsValid(id))
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"'{collection}/{id}' cannot name a document.",
                $"Use 1 to {CharactersMax} characters of a-z, 0-9, dot, hyphen and underscore, not beginning with a dot.",
                id);
        }
    }
}
