using System;
using System.ComponentModel;
using System.Management.Automation;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>Names a machine: by name (with wildcards where a cmdlet only reads), by id, or by an object that belongs to it.</summary>
[TypeConverter(typeof(MachineIdentityConverter))]
public sealed class MachineIdentity
{
    private readonly string _text;
    private readonly WildcardPattern? _pattern;

    internal MachineIdentity(Guid id, string text)
    {
        Id = id;
        _text = text;
    }

    internal MachineIdentity(string name)
    {
        _text = name;
        if (Guid.TryParse(name, out Guid id))
        {
            Id = id;
        }
        else
        {
            _pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);
        }
    }

    /// <summary>The id, or null when named by name.</summary>
    internal Guid? Id { get; }

    /// <summary>True when it may name several machines.</summary>
    internal bool HasWildcards => _pattern is not null && WildcardPattern.ContainsWildcardCharacters(_text);

    internal bool Matches(AsrReplicatedMachine machine) => Matches(machine.Id, machine.Name);

    internal bool Matches(Guid id, string name) => Id is { } known ? known == id : _pattern!.IsMatch(name);

    /// <summary>The name or id as given.</summary>
    public override string ToString() => _text;
}

/// <summary>Makes <see cref="MachineIdentity"/> from a name, an id, a machine, or anything that belongs to one.</summary>
public sealed class MachineIdentityConverter : IdentityConverter<MachineIdentity>
{
    /// <inheritdoc/>
    protected override MachineIdentity? Convert(object value) => value switch
    {
        MachineIdentity identity => identity,
        Guid id => new MachineIdentity(id, id.ToString()),
        string { Length: > 0 } name => new MachineIdentity(name),
        AsrReplicatedMachine machine => new MachineIdentity(machine.Id, machine.Name),
        AsrJob job => new MachineIdentity(job.MachineId, job.MachineName),
        AsrRecoveryPoint point => new MachineIdentity(point.MachineId, point.MachineName),
        _ => null,
    };
}
