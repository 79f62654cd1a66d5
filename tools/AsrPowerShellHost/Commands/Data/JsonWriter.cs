using System;
using System.Collections;
using System.Linq;
using System.Management.Automation;
using System.Net;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.PowerShell.Commands;

/// <summary>PowerShell values as JSON, to a depth; what lies deeper is written as its text.</summary>
internal static class JsonWriter
{
    public static JsonNode? ToNode(object? value, int depth, bool enumsAsStrings)
    {
        object? bare = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        switch (bare)
        {
            case null or DBNull:
                return null;
            case string or bool or char or int or long or double or float or decimal or byte or sbyte or short
                or ushort or uint or ulong or DateTime or DateTimeOffset or Guid or Uri:
                return JsonSerializer.SerializeToNode(bare, bare.GetType());
            case BigInteger number:
                return JsonNode.Parse(number.ToString());
            case Enum name:
                return enumsAsStrings ? JsonValue.Create(name.ToString()) : JsonValue.Create(Convert.ToInt64(name));
            case Version or ScriptBlock or Type or IPAddress:
                return JsonValue.Create(bare.ToString());
        }

        if (depth < 0)
        {
            return JsonValue.Create(LanguagePrimitives.ConvertTo<string>(value));
        }

        return bare switch
        {
            IDictionary table => FromTable(table, depth, enumsAsStrings),
            IEnumerable items => new JsonArray(
                [.. items.Cast<object?>().Select(item => ToNode(item, depth - 1, enumsAsStrings))]),
            _ => FromProperties(PSObject.AsPSObject(value!), depth, enumsAsStrings),
        };
    }

    private static JsonObject FromTable(IDictionary table, int depth, bool enumsAsStrings)
    {
        JsonObject node = [];
        foreach (DictionaryEntry entry in table)
        {
            node[LanguagePrimitives.ConvertTo<string>(entry.Key)] = ToNode(entry.Value, depth - 1, enumsAsStrings);
        }

        return node;
    }

    private static JsonObject FromProperties(PSObject value, int depth, bool enumsAsStrings)
    {
        JsonObject node = [];
        foreach (PSPropertyInfo property in value.Properties.Where(property => property.IsGettable))
        {
            object? content;
            try
            {
                content = property.Value;
            }
            catch (GetValueException)
            {
                // A property that cannot be read has no value, as in PowerShell.
                content = null;
            }

            node[property.Name] = ToNode(content, depth - 1, enumsAsStrings);
        }

        return node;
    }
}
