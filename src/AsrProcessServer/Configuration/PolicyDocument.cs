using System;
using System.Text.Json;
using System.Text.Json.Nodes;
using Asr.Contracts;

namespace Asr.ProcessServer.Configuration;

/// <summary>A policy as it is stored. Documents of earlier versions are read as what they meant.</summary>
internal static class PolicyDocument
{
    /// <summary>Until there were tiers: how long every point was kept, in seconds.</summary>
    private const string FormerRetention = "recoveryPointRetentionSeconds";

    private static readonly string Tiers = JsonNamingPolicy.CamelCase.ConvertName(nameof(AsrReplicationPolicy.RetentionTiers));

    /// <summary>The policy in a stored document; <see cref="AsrErrorCode.VaultDocumentCorrupt"/>.</summary>
    public static AsrReplicationPolicy Read(Stored<JsonObject> stored)
    {
        try
        {
            AsrReplicationPolicy policy = stored.Value.Deserialize<AsrReplicationPolicy>(AsrJson.Indented)!;
            return !stored.Value.ContainsKey(Tiers) && stored.Value[FormerRetention] is { } seconds
                ? policy with { RetentionTiers = RetentionTier.EveryPoint(TimeSpan.FromSeconds(seconds.GetValue<int>())) }
                : policy;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new AsrException(
                AsrErrorCode.VaultDocumentCorrupt, $"Policy document '{stored.Id}' is not what it should be: {error.Message}", "Restore this document from a copy of the vault.", stored.Id, error);
        }
    }

    /// <summary>The document of a policy.</summary>
    public static JsonObject Write(AsrReplicationPolicy policy) => JsonSerializer.SerializeToNode(policy, AsrJson.Indented)!.AsObject();
}
