using System;
using System.ComponentModel;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>Names a mount: by id or by the mount itself.</summary>
[TypeConverter(typeof(MountIdentityConverter))]
public sealed class MountIdentity
{
    internal MountIdentity(Guid id) => Id = id;

    internal Guid Id { get; }

    /// <summary>The id.</summary>
    public override string ToString() => Id.ToString();
}

/// <summary>Makes <see cref="MountIdentity"/> from an id or a mount.</summary>
public sealed class MountIdentityConverter : IdentityConverter<MountIdentity>
{
    /// <inheritdoc/>
    protected override MountIdentity? Convert(object value) => value switch
    {
        MountIdentity identity => identity,
        Guid id => new MountIdentity(id),
        string text when Guid.TryParse(text, out Guid id) => new MountIdentity(id),
        AsrRecoveryPointMount mount => new MountIdentity(mount.Id),
        _ => null,
    };
}
