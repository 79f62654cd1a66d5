using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Points;
using Xunit;

namespace Asr.Engine.Tests.Points;

/// <summary>
/// Fortnights of machines as they are in offices, with their noise, and encryption begun in the middle of them. What each kind of content compresses to and its entropy were measured on
/// real files of that kind by the product's own encoder and sampler.
/// </summary>
public sealed class ChangeWatchDaysTests(ITestOutputHelper output)
{
    private const double Mebibyte = 1 << 20;
    private static readonly Content Text = new(0.4, 4.8, 0.03);
    private static readonly Content Mail = new(0.88, 5.7, 0.01);
    private static readonly Content Pages = new(0.75, 5.9, 0.0);
    private static readonly Content Programs = new(0.57, 4.8, 0.01);
    private static readonly Content Documents = new(0.75, 6.3, 0.15);
    private static readonly Content Photos = new(0.94, 7.5, 0.6);
    private static readonly Content Packed = new(1.0, 7.78, 0.95);
    private static readonly Content Encrypted = new(1.0, 7.81, 1.0);
    private static readonly TimeSpan FiveMinutes = TimeSpan.FromMinutes(5);
    private static readonly DateTimeOffset Monday = new(2030, 1, 7, 0, 0, 0, TimeSpan.Zero);

    // The most alarms of a fortnight that the decision record allows: the first night of a packed backup, the one large copy of photos, a large download.
    [Theory]
    [InlineData("mail", 0)]
    [InlineData("database", 1)]
    [InlineData("files", 1)]
    [InlineData("web", 0)]
    [InlineData("desk", 3)]
    public void An_ordinary_fortnight_raises_next_to_nothing(string machine, int alarmsMax)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            IReadOnlyList<DateTimeOffset> alarms = new Fortnight(machine, seed, FiveMinutes).Run(14, null).Begun;

            output.WriteLine($"{machine} {seed}: {string.Join(' ', alarms.Select(at => $"{at:ddd HH:mm}"))}");
            Assert.InRange(alarms.Count, 0, alarmsMax);
            Assert.All(alarms, at => Assert.True(machine != "database" || at < Monday.AddDays(1), $"{at}: a backup that came the night before."));
        }
    }

    [Theory]
    [InlineData("mail", 150, 1)]
    [InlineData("mail", 20, 2)]
    [InlineData("mail", 2, 3)]
    [InlineData("mail", 0.5, 18)]
    [InlineData("database", 150, 2)]
    [InlineData("database", 20, 3)]
    [InlineData("files", 150, 1)]
    [InlineData("files", 20, 2)]
    [InlineData("files", 2, 3)]
    [InlineData("files", 0.5, 18)]
    [InlineData("web", 150, 1)]
    [InlineData("web", 20, 2)]
    [InlineData("web", 2, 3)]
    [InlineData("web", 0.5, 18)]
    [InlineData("desk", 150, 2)]
    [InlineData("desk", 20, 3)]
    [InlineData("desk", 2, 5)]
    [InlineData("desk", 0.5, 18)]
    public void Encryption_in_place_is_noticed_within_intervals_of_five_minutes(string machine, double mebibytesPerSecond, int intervalsMax)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            DateTimeOffset begin = Monday.AddDays(3).AddMinutes(seed * 1717);
            int? lag = new Fortnight(machine, 100 + seed, FiveMinutes).Run((int)(begin - Monday).TotalDays + 1, (begin, mebibytesPerSecond)).Lag;

            output.WriteLine($"{machine} {seed}: {begin:ddd HH:mm} noticed after {lag} intervals");
            Assert.InRange(lag ?? int.MaxValue, 1, intervalsMax);
        }
    }

    private readonly record struct Content(double Share, double Bits, double Opaque);

    private sealed class Fortnight(string machine, int seed, TimeSpan step)
    {
        private readonly Random _random = new(seed);
        private readonly List<(DateTimeOffset From, DateTimeOffset To, double MebibytesPerSecond, Content Content)> _events = [];

        public (List<DateTimeOffset> Begun, int? Lag) Run(int days, (DateTimeOffset Begin, double MebibytesPerSecond)? attack)
        {
            Plan(days);
            if (attack is { } encryption)
            {
                _events.Add((encryption.Begin, encryption.Begin.AddHours(2), encryption.MebibytesPerSecond, Encrypted));
            }

            ChangeWatchState state = new();
            List<DateTimeOffset> begun = [];
            int? lag = null;
            int since = 0;
            DateTimeOffset end = attack is { } last ? last.Begin.AddHours(2) : Monday.AddDays(days);
            for (DateTimeOffset now = Monday; now < end; now += step)
            {
                ChangeVerdict verdict = ChangeWatch.Judge(state, Figures(now, now + step), now + step, 500L << 30);
                state = verdict.State;
                bool attacked = attack is { } a && now + step > a.Begin;
                since += attacked ? 1 : 0;
                if (verdict.HasBegun && !attacked)
                {
                    begun.Add(now + step);
                }

                // An incident that was under way already is seen as well: the machine's health says so.
                if (attacked && lag is null && state.Incident is not null)
                {
                    lag = since;
                }
            }

            return (begun, lag);
        }

        private void Plan(int days)
        {
            for (int day = 0; day < days; day++)
            {
                DateTimeOffset midnight = Monday.AddDays(day);
                switch (machine)
                {
                    case "mail":
                        Add(midnight.AddHours(3), 20, 500, Text);
                        for (int i = 0; i < 4; i++)
                        {
                            // A round mail with a large attachment to many.
                            Add(midnight.AddHours(8 + (9 * _random.NextDouble())), 3, 150 + (400 * _random.NextDouble()), new Content(1.0, 6.0, 0));
                        }

                        break;
                    case "database":
                        Add(midnight.AddHours(2), 20, 6_000, Packed);
                        if (day % 7 == 6)
                        {
                            Add(midnight.AddHours(12), 15, 10_000, Pages);
                        }

                        break;
                    case "files":
                        Add(midnight, 1, 60, Packed);
                        if (day == 8)
                        {
                            Add(midnight.AddHours(10 + (4 * _random.NextDouble())), 3.4, 12_000, Photos);
                        }

                        Update(day, midnight);
                        break;
                    case "web":
                        Add(midnight.AddHours(6.4), 1, 80, Packed);
                        for (int i = 0; i < 6; i++)
                        {
                            Add(midnight.AddHours(24 * _random.NextDouble()), 1, 30 * Noise(0.7), Photos);
                        }

                        Update(day, midnight);
                        break;
                    default:
                        for (int i = 0; i < 30; i++)
                        {
                            // The browser's cache, pages and pictures; sometimes a film or a download.
                            Add(midnight.AddHours(8 + (10 * _random.NextDouble())), 2, 25 * Noise(1), new Content(0.85, 7.0, 0.5));
                        }

                        Add(midnight.AddHours(9 + (8 * _random.NextDouble())), 3, 200 * Noise(0.8), Packed);
                        Update(day, midnight);
                        break;
                }
            }
        }

        private void Update(int day, DateTimeOffset midnight)
        {
            if (day % 7 == 3)
            {
                Add(midnight.AddHours(6.2), 2, 300, Packed);
                Add(midnight.AddHours(6.25), 4, 1_000, Programs);
            }
        }

        private void Add(DateTimeOffset around, double minutes, double mebibytes, Content content)
        {
            // A few minutes earlier or later, a little more or less of it than the day before.
            DateTimeOffset from = around.AddMinutes(10 * _random.NextDouble());
            _events.Add((from, from.AddMinutes(minutes), mebibytes * Noise(0.15) / (minutes * 60), content));
        }

        private IntervalFigures Figures(DateTimeOffset from, DateTimeOffset to)
        {
            double share = 0;
            double bits = 0;
            double opaque = 0;
            double all = 0;
            void Take(double mebibytes, Content content)
            {
                all += mebibytes;
                share += mebibytes * content.Share;
                bits += mebibytes * content.Bits;
                opaque += mebibytes * content.Opaque;
            }

            double minutes = (to - from).TotalMinutes;
            double hour = from.TimeOfDay.TotalHours;
            bool isWork = hour is > 7.5 and < 18.5 && from.DayOfWeek is not DayOfWeek.Saturday and not DayOfWeek.Sunday;
            switch (machine)
            {
                case "mail":
                    Take(minutes * (isWork ? 24 : 4) * Noise(0.5), Mail);
                    break;
                case "database":
                    bool isCheckpoint = from.Ticks / TimeSpan.TicksPerMinute % 15 < minutes;
                    Take(minutes * (isWork ? 16 : 6) * Noise(0.4) * (isCheckpoint ? 4 : 1), Pages);
                    break;
                case "files":
                    Take(minutes * (isWork ? 8 : 0.2) * Noise(0.8), Documents);
                    break;
                case "web":
                    Take(minutes * (isWork ? 2 : 0.7) * Noise(0.5), Text);
                    break;
                default:
                    Take(minutes * (isWork ? 0.6 : 0.05) * Noise(0.6), Documents);
                    break;
            }

            foreach ((DateTimeOffset begin, DateTimeOffset end, double rate, Content content) in _events)
            {
                double seconds = ((to < end ? to : end) - (from > begin ? from : begin)).TotalSeconds;
                if (seconds > 0)
                {
                    Take(seconds * rate, content);
                }
            }

            return new IntervalFigures
            {
                Since = from,
                ChangedBytes = (long)(all * Mebibyte),
                ContentBytes = (long)(all * Mebibyte),
                StoredBytes = (long)(share * Mebibyte),
                OpaqueBytes = (long)(opaque * Mebibyte),
                EntropyBits = all == 0 ? null : bits / all,
            };
        }

        // Log-normal: now and then several times as much as usual.
        private double Noise(double sigma) => Math.Exp(sigma * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
    }
}
