using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Asr.Contracts;
using Asr.Engine.Points;
using Asr.Engine.Segments;
using Xunit;

namespace Asr.Engine.Tests.Points;

public sealed class ChangeWatchTests
{
    private const double Text = 4.8;
    private const double Random = 7.8;
    private static readonly DateTimeOffset Monday = new(2030, 1, 7, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);

    private readonly List<(DateTimeOffset Time, ChangeVerdict Verdict)> _judged = [];
    private readonly Random _noise = new(1);
    private ChangeWatchState _state = new();
    private DateTimeOffset _now = Monday;
    private long _diskBytes = 100L << 30;

    [Fact]
    public void A_quiet_database_that_is_encrypted_raises_once_and_names_where_it_began()
    {
        Pass(TimeSpan.FromHours(6), FiveMinutes, mebibytes: 20, share: 0.45, entropy: Text);
        DateTimeOffset last = _now;
        Pass(TimeSpan.FromMinutes(30), FiveMinutes, mebibytes: 4_000, share: 1.0, entropy: Random);
        Pass(TimeSpan.FromMinutes(10), FiveMinutes, mebibytes: 20, share: 0.45, entropy: Text);
        Pass(TimeSpan.FromMinutes(20), FiveMinutes, mebibytes: 4_000, share: 1.0, entropy: Random);

        (DateTimeOffset raisedAt, ChangeVerdict begun) = Assert.Single(_judged, judged => judged.Verdict.HasBegun);
        Assert.Equal(last + FiveMinutes, raisedAt);
        Assert.Equal(last, begun.State.Incident!.SuspectSince);
        Assert.Contains("looks like random bytes", begun.State.Incident.Figures, StringComparison.Ordinal);
        Assert.NotNull(_state.Incident);

        Pass(TimeSpan.FromHours(3), FiveMinutes, mebibytes: 20, share: 0.45, entropy: Text);
        Assert.Null(_state.Incident);
        Assert.Single(_judged, judged => judged.Verdict.HasBegun);
    }

    [Fact]
    public void With_a_point_a_second_the_first_seconds_of_encryption_suffice()
    {
        _diskBytes = 2L << 30;
        Pass(TimeSpan.FromMinutes(2), TimeSpan.FromSeconds(1), mebibytes: 0.2, share: 0.5, entropy: Text);
        DateTimeOffset last = _now;
        Pass(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), mebibytes: 100, share: 1.0, entropy: Random);

        (DateTimeOffset raisedAt, ChangeVerdict begun) = Assert.Single(_judged, judged => judged.Verdict.HasBegun);
        Assert.InRange(raisedAt - last, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5));
        Assert.Equal(last, begun.State.Incident!.SuspectSince);
    }

    [Fact]
    public void A_machine_at_rest_that_is_encrypted_raises()
    {
        Pass(TimeSpan.FromHours(30), FiveMinutes, mebibytes: 0, share: 0, entropy: null);
        Pass(FiveMinutes, FiveMinutes, mebibytes: 900, share: 1.0, entropy: Random);

        Assert.True(_judged[^1].Verdict.HasBegun);
    }

    [Fact]
    public void Encryption_no_faster_than_the_usual_changes_raises_when_it_goes_on()
    {
        Pass(TimeSpan.FromHours(30), FiveMinutes, mebibytes: 300, share: 0.4, entropy: Text);
        Pass(FiveMinutes, FiveMinutes, mebibytes: 350, share: 1.0, entropy: Random);
        Assert.False(_judged[^1].Verdict.HasBegun);
        Pass(FiveMinutes * 3, FiveMinutes, mebibytes: 350, share: 1.0, entropy: Random);

        Assert.Single(_judged, judged => judged.Verdict.HasBegun);
    }

    [Fact]
    public void Encryption_that_hides_by_being_slow_raises_after_hours_and_still_names_where_it_began()
    {
        Pass(TimeSpan.FromHours(30), FiveMinutes, mebibytes: 100, share: 0.4, entropy: Text);
        DateTimeOffset last = _now;
        Pass(TimeSpan.FromHours(3), FiveMinutes, mebibytes: 150, share: 1.0, entropy: Random);

        (DateTimeOffset raisedAt, ChangeVerdict begun) = Assert.Single(_judged, judged => judged.Verdict.HasBegun);
        Assert.InRange(raisedAt - last, TimeSpan.FromHours(1), TimeSpan.FromHours(2));
        Assert.Equal(last, begun.State.Incident!.SuspectSince);
    }

    [Theory]
    [InlineData(20_000, 0.35, 4.5)]
    [InlineData(2_000, 0.55, 6.2)]
    public void A_large_import_that_compresses_does_not_raise(double mebibytes, double share, double entropy)
    {
        Pass(TimeSpan.FromHours(30), FiveMinutes, mebibytes: 20, share: 0.45, entropy: Text);
        Pass(TimeSpan.FromHours(1), FiveMinutes, mebibytes, share, entropy);

        Assert.DoesNotContain(_judged, judged => judged.Verdict.HasBegun);
    }

    [Fact]
    public void A_nightly_backup_of_films_raises_in_the_first_night_at_most()
    {
        for (int day = 0; day < 6; day++)
        {
            // At two o'clock or a little later, for an hour.
            Pass((Monday.AddDays(day) + TimeSpan.FromMinutes(120 + (day * 7))) - _now, FiveMinutes, mebibytes: 30, share: 0.5, entropy: Text);
            Pass(TimeSpan.FromHours(1), FiveMinutes, mebibytes: 3_000 * (1 + (0.1 * day)), share: 0.99, entropy: Random);
            Pass(TimeSpan.FromHours(20), FiveMinutes, mebibytes: 30, share: 0.5, entropy: Text);
        }

        Assert.True(_judged.Count(judged => judged.Verdict.HasBegun) <= 1);
        Assert.All(_judged, judged => Assert.False(judged.Verdict.HasBegun && judged.Time > Monday.AddDays(1)));

        // The same at another time of day is news.
        Pass(TimeSpan.FromHours(11), FiveMinutes, mebibytes: 30, share: 0.5, entropy: Text);
        Pass(FiveMinutes, FiveMinutes, mebibytes: 3_000, share: 0.99, entropy: Random);
        Assert.True(_judged[^1].Verdict.HasBegun);
    }

    [Fact]
    public void A_media_server_does_not_raise_for_more_films()
    {
        Pass(TimeSpan.FromHours(30), FiveMinutes, mebibytes: 500, share: 0.99, entropy: Random);
        Pass(TimeSpan.FromHours(1), FiveMinutes, mebibytes: 1_000, share: 0.99, entropy: Random);

        Assert.DoesNotContain(_judged, judged => judged.Verdict.HasBegun);
    }

    [Fact]
    public void Nothing_is_judged_before_something_is_known_and_what_goes_on_for_a_day_is_accepted()
    {
        Pass(FiveMinutes * (ChangeWatch.LearnedCount - 1), FiveMinutes, mebibytes: 4_000, share: 1.0, entropy: Random);
        Assert.DoesNotContain(_judged, judged => judged.Verdict.HasBegun);

        _state = new ChangeWatchState();
        Pass(TimeSpan.FromHours(6), FiveMinutes, mebibytes: 20, share: 0.45, entropy: Text);
        Pass(TimeSpan.FromHours(24), FiveMinutes, mebibytes: 3_000, share: 1.0, entropy: Random);
        Assert.Null(_state.Incident);
        Assert.Single(_judged, judged => judged.Verdict.HasBegun);
    }

    [Fact]
    public void What_is_kept_of_a_machine_is_bounded()
    {
        Pass(TimeSpan.FromDays(30), TimeSpan.FromMinutes(30), mebibytes: 20, share: 0.5, entropy: Text);

        Assert.True(_state is { Peaks.Count: <= 192, Levels.Count: 2 });
    }

    [Fact]
    public void Samples_tell_text_from_what_is_encrypted_and_are_few()
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog; 0123456789.\n", 40)))[..ContentSampler.SampleBytes];
        Assert.InRange(ContentSampler.Entropy(text), 4, 5.5);
        Assert.InRange(ContentSampler.Entropy(RandomNumberGenerator.GetBytes(ContentSampler.SampleBytes)), 7.7, 7.9);
        Assert.Equal(0, ContentSampler.Entropy(new byte[ContentSampler.SampleBytes]));

        ContentSampler sampler = default;
        for (int i = 0; i < 1024; i++)
        {
            sampler.Offer(RandomNumberGenerator.GetBytes(4096));
        }

        // 4 MiB: the first content, and one of every further 256 KiB.
        Assert.InRange(sampler.Count, 15, 17);
        Assert.InRange(sampler.BitsSum / sampler.Count, 7.7, 7.9);
        Assert.Equal(sampler.Count, sampler.OpaqueCount);
        sampler.Offer(new byte[512 << 10]);
        Assert.Equal(sampler.Count - 1, sampler.OpaqueCount);
    }

    // Intervals with some noise in their volume, the last of them ending exactly at the end.
    private void Pass(TimeSpan duration, TimeSpan step, double mebibytes, double share, double? entropy)
    {
        DateTimeOffset end = _now + duration;
        while (_now < end)
        {
            DateTimeOffset until = _now + step < end ? _now + step : end;
            long bytes = (long)(mebibytes * (1 << 20) * (0.7 + (0.6 * _noise.NextDouble())) * ((until - _now) / step));
            IntervalFigures figures = new()
            {
                Since = _now, ChangedBytes = bytes, ContentBytes = bytes, StoredBytes = (long)(bytes * share), OpaqueBytes = entropy == Random ? bytes : bytes / 50, EntropyBits = bytes == 0 ? null : entropy,
            };
            ChangeVerdict verdict = ChangeWatch.Judge(_state, figures, until, _diskBytes);
            _state = verdict.State;
            _now = until;
            _judged.Add((_now, verdict));
        }
    }
}
