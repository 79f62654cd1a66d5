using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.Linq;
using Asr.Contracts;

namespace Asr.Module.Identities;

/// <summary>
/// Names a recovery point of a machine: the point itself, its id, <c>Latest</c>, <c>LatestAppConsistent</c>, or a time, which means the
/// newest point at or before it.
/// </summary>
[TypeConverter(typeof(RecoveryPointIdentityConverter))]
public sealed class RecoveryPointIdentity
{
    /// <summary>The newest point of any type.</summary>
    public const string Latest = "Latest";

    /// <summary>What stands for a point that is not named.</summary>
    internal static readonly RecoveryPointIdentity Newest = new(Latest, _ => true);

    /// <summary>The newest application-consistent point.</summary>
    public const string LatestAppConsistent = "LatestAppConsistent";

    private readonly string _text;
    private readonly Func<AsrRecoveryPoint, bool> _matches;

    internal RecoveryPointIdentity(string text, Func<AsrRecoveryPoint, bool> matches, AsrRecoveryPoint? shown = null)
    {
        Shown = shown;
        _text = text;
        _matches = matches;
    }

    /// <summary>The point itself, when it is only shown (Get-AsrRecoveryPoint -At) and in no list; else null.</summary>
    internal AsrRecoveryPoint? Shown { get; }

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

/// <summary>Makes <see cref="RecoveryPointIdentity"/> from a point, an id, a word or a time.</summary>
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
        string text when Is(text, RecoveryPointIdentity.Latest) => RecoveryPointIdentity.Newest,
        string text when Is(text, RecoveryPointIdentity.LatestAppConsistent) =>
            new RecoveryPointIdentity(text, point => point.Type == RecoveryPointType.AppConsistent),
        string text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out DateTimeOffset time) => ByTime(time),
        _ => null,
    };

    private static RecoveryPointIdentity ById(Guid id) => new(id.ToString(), point => point.Id == id);

    private static RecoveryPointIdentity ByTime(DateTimeOffset time) =>
        new(time.ToString("o", CultureInfo.InvariantCulture), point => point.Time <= time);

    private static bool Is(string text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
