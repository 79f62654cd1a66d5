using System;
using System.ComponentModel;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>Names a job: by id or by the job itself.</summary>
[TypeConverter(typeof(JobIdentityConverter))]
public sealed class JobIdentity
{
    internal JobIdentity(Guid id) => Id = id;

    internal Guid Id { get; }

    /// <summary>The id.</summary>
    public override string ToString() => Id.ToString();
}

/// <summary>Makes <see cref="JobIdentity"/> from an id or a job.</summary>
public sealed class JobIdentityConverter : IdentityConverter<JobIdentity>
{
    /// <inheritdoc/>
    protected override JobIdentity? Convert(object value) => value switch
    {
        JobIdentity identity => identity,
        Guid id => new JobIdentity(id),
        string text when Guid.TryParse(text, out Guid id) => new JobIdentity(id),
        AsrJob job => new JobIdentity(job.Id),
        _ => null,
    };
}
