using System.Text.Json;
using System.Text.Json.Serialization;

namespace Asr.Contracts;

/// <summary>The one JSON dialect of the REST contract and of the vault's documents: camelCase names, enums by name, nulls left out.</summary>
public static class AsrJson
{
    /// <summary>Compact form, for the wire.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>Readable form, for documents in the vault and files people open.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>Gives options made elsewhere with <see cref="JsonSerializerDefaults.Web"/>, such as a web framework's, the same dialect.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.MaxDepth = 32;
        options.Converters.Add(new JsonStringEnumConverter());
    }

    private static JsonSerializerOptions Create(bool indented)
    {
        JsonSerializerOptions options = new(JsonSerializerDefaults.Web) { WriteIndented = indented };
        Apply(options);
        return options;
    }
}
