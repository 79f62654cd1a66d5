using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;

namespace Asr.ProcessServer.Configuration;

/// <summary>
/// Policies in the catalog, the lower-case name as id. The failback policy is derived from its policy whenever one is read and has no document of its own,
/// so the two can never disagree and every change is one compare-and-swap.
/// </summary>
internal sealed class PolicyStore(ICatalog catalog) : IPolicyStore
{
    private readonly CatalogCollection<JsonObject> _policies = new(catalog, "policies");

    /// <inheritdoc/>
    public async Task<IReadOnlyList<AsrReplicationPolicy>> ListAsync(CancellationToken cancellationToken)
    {
        List<AsrReplicationPolicy> list = [];
        await foreach (Stored<JsonObject> stored in _policies.ListAsync(cancellationToken))
        {
            AsrReplicationPolicy policy = PolicyDocument.Read(stored);
            list.Add(policy);
            list.Add(FailbackOf(policy));
        }

        list.Sort((a, b) => string.Compare(a.Name, b.Name, StringComparison.OrdinalIgnoreCase));
        return list;
    }

    /// <inheritdoc/>
    public async Task<AsrReplicationPolicy> GetAsync(string name, CancellationToken cancellationToken)
    {
        PolicyRules.CheckName(name);
        bool failback = IsFailbackName(name);
        string owner = failback ? name[..^PolicyRules.FailbackSuffix.Length] : name;
        Stored<JsonObject> stored = await _policies.ReadAsync(IdOf(owner), cancellationToken)
            ?? throw new AsrException(AsrErrorCode.NotFound, $"There is no policy '{name}' in this vault.", "See Get-AsrPolicy for the policies there are.", name);
        AsrReplicationPolicy policy = PolicyDocument.Read(stored);
        return failback ? FailbackOf(policy) : policy;
    }

    /// <inheritdoc/>
    public async Task<AsrReplicationPolicy> PutAsync(AsrReplicationPolicy policy, bool create, CancellationToken cancellationToken)
    {
        RefuseFailback(policy.Name);
        PolicyRules.Check(policy);
        string id = IdOf(policy.Name);
        Stored<JsonObject>? present = await _policies.ReadAsync(id, cancellationToken);
        string name = present is null ? policy.Name : PolicyDocument.Read(present).Name;
        AsrReplicationPolicy wanted = policy with { Name = name, IsFailbackPolicy = false, FailbackPolicyName = name + PolicyRules.FailbackSuffix };
        JsonObject document = PolicyDocument.Write(wanted);
        if (present is not null && JsonNode.DeepEquals(present.Value, document))
        {
            return wanted;
        }

        if (create && present is not null)
        {
            throw new AsrException(AsrErrorCode.AlreadyExists, $"There is a policy '{name}' with other values already.",
                "Choose another name, or change that policy.", policy.Name);
        }

        await _policies.WriteAsync(id, document, present?.ETag, cancellationToken);
        return wanted;
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        PolicyRules.CheckName(name);
        RefuseFailback(name);
        string id = IdOf(name);
        if (await _policies.ReadAsync(id, cancellationToken) is { } present)
        {
            await _policies.DeleteAsync(id, present.ETag, cancellationToken);
        }
    }

    private static AsrReplicationPolicy FailbackOf(AsrReplicationPolicy policy) => policy with
    {
        Name = policy.Name + PolicyRules.FailbackSuffix,
        IsFailbackPolicy = true,
        FailbackPolicyName = null,
    };

    private static void RefuseFailback(string name)
    {
        if (IsFailbackName(name))
        {
            throw new AsrException(AsrErrorCode.OperationNotAllowed, $"'{name}' is a failback policy; it follows its policy and cannot be changed or removed by itself.",
                $"Change or remove '{name[..^PolicyRules.FailbackSuffix.Length]}'.", name);
        }
    }

    private static bool IsFailbackName(string name) => name.EndsWith(PolicyRules.FailbackSuffix, StringComparison.OrdinalIgnoreCase);

    private static string IdOf(string name) => name.ToLowerInvariant();
}
