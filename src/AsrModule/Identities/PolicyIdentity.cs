using System.ComponentModel;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>Names a policy: by name or by the policy itself.</summary>
[TypeConverter(typeof(PolicyIdentityConverter))]
public sealed class PolicyIdentity
{
    internal PolicyIdentity(string name) => Name = name;

    internal string Name { get; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>Makes <see cref="PolicyIdentity"/> from a name or a policy.</summary>
public sealed class PolicyIdentityConverter : IdentityConverter<PolicyIdentity>
{
    /// <inheritdoc/>
    protected override PolicyIdentity? Convert(object value) => value switch
    {
        PolicyIdentity identity => identity,
        string { Length: > 0 } name => new PolicyIdentity(name),
        AsrReplicationPolicy policy => new PolicyIdentity(policy.Name),
        _ => null,
    };
}
