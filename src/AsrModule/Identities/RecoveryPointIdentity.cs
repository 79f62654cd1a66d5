using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Linq;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>
/// Names a recovery point of a machine: the point itself, its id, its name, <c>Latest</c>, <c>LatestAppConsistent</c>, or a time, which means
/// the newest point at or before it.
/// </summary>
[TypeConverter(typeof(RecoveryPointIdentityConverter))]
public sealed class RecoveryPointIdentity
{
    /// <summary>The newest point of any type.</summary>
    public const string Latest = RecoveryPointName.Latest;

    /// <summary>What stands for a point that is not named.</summary>
    internal static readonly RecoveryPointIdentity Newest = new(Latest, _ => true);

    /// <summary>The newest application-consistent point.</summary>
    public const string LatestAppConsistent = RecoveryPointName.LatestAppConsistent;

    private readonly string _text;
    private readonly Func<AsrRecoveryPoint, bool> _matches;

    internal RecoveryPointIdentity(string text, Func<AsrRecoveryPoint, bool> matches, AsrRecoveryPoint? shown = null)
    {
        Shown = shown;
        _text = text;
        _matches = matches;
    }

    /// <summary>True when it is a name, which any text can be.</summary>
    internal bool IsName { get; private set; }

    /// <summary>The point itself, when it is only shown (Get-AsrRecoveryPoint -At) and in no list; else null.</summary>
    internal AsrRecoveryPoint? Shown { get; }

    /// <summary>The point with a name.</summary>
    internal static RecoveryPointIdentity ByName(string name) => new(name, point => RecoveryPointName.Is(point.Name, name)) { IsName = true };

    /// <summary>The point among a machine's points, or an error that says which were looked through.</summary>
    internal AsrRecoveryPoint Resolve(IEnumerable<AsrRecoveryPoint> points, string machineName) =>
        points.Where(_matches).OrderByDescending(point => point.Time).FirstOrDefault() ?? throw new AsrException(
            AsrErrorCode.NotFound,
            $"The machine '{machineName}' has no recovery point '{_text}'.",
            "List its points with Get-AsrRecoveryPoint.",
            _text);

    /// <summary>The point as given.</summary>
    public override string ToString() => _text;
}

/// <summary>Makes <see cref="RecoveryPointIdentity"/> from a point, an id, a word, a time or a name.</summary>
public sealed class RecoveryPointIdentityConverter : IdentityConverter<RecoveryPointIdentity>
{
    /// <inheritdoc/>
    protected override RecoveryPointIdentity? Convert(object value) => value switch
    {
        RecoveryPointIdentity identity => identity,
        AsrRecoveryPoint point when point.PublishedAt == default => new RecoveryPointIdentity(Display.Instant(point.Time), _ => false, point),
        AsrRecoveryPoint point => ById(point.Id),
        Guid id => ById(id),
        DateTimeOffset time => ByTime(time),
        DateTime time => ByTime(new DateTimeOffset(time)),
        string text when Guid.TryParse(text, out Guid id) => ById(id),
        string text when RecoveryPointName.Is(text, RecoveryPointName.Latest) => RecoveryPointIdentity.Newest,
        string text when RecoveryPointName.Is(text, RecoveryPointName.LatestAppConsistent) =>
            new RecoveryPointIdentity(text, point => point.Type == RecoveryPointType.AppConsistent),
        string text when RecoveryPointName.IsTime(text, out DateTimeOffset time) => ByTime(time),
        string { Length: > 0 } text => RecoveryPointIdentity.ByName(text),
        _ => null,
    };

    private static RecoveryPointIdentity ById(Guid id) => new(id.ToString(), point => point.Id == id);

    private static RecoveryPointIdentity ByTime(DateTimeOffset time) =>
        new(time.ToString("o", CultureInfo.InvariantCulture), point => point.Time <= time);
}
