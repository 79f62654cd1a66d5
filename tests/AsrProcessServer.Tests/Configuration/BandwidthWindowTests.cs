using System;
using System.Globalization;
using Asr.Contracts;
using Xunit;

namespace Asr.ProcessServer.Tests.Configuration;

public sealed class BandwidthWindowTests
{
    [Theory]
    [InlineData("Mon-Fri 08:00-18:00 20MB/s", "Mon,Tue,Wed,Thu,Fri 08:00-18:00 20MB/s")]
    [InlineData("sat,SUNDAY 512kb/s", "Sat,Sun 512KB/s")]
    [InlineData("Fri-Mon 1GB/s", "Fri,Sat,Sun,Mon 1GB/s")]
    [InlineData("22:00-06:30 100000B/s", "22:00-06:30 100000B/s")]
    [InlineData("18:00-24:00 2048KB/s", "18:00-00:00 2MB/s")]
    [InlineData(" 64KB/s ", "64KB/s")]
    public void Text_is_read_and_written(string text, string expected)
    {
        BandwidthWindow window = BandwidthWindow.Parse(text);
        Assert.Null(window.Fault);
        Assert.Equal(expected, window.ToString());
        Assert.Equal(window, BandwidthWindow.Parse(expected));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mon-Fri")]
    [InlineData("Mon-Fri 08:00-18:00")]
    [InlineData("Mon-Foo 20MB/s")]
    [InlineData("Mon-Tue-Wed 20MB/s")]
    [InlineData("Mon 8-18 20MB/s")]
    [InlineData("Mon 08:00-25:00 20MB/s")]
    [InlineData("Mon 24:00-06:00 20MB/s")]
    [InlineData("Mon 08:60-09:00 20MB/s")]
    [InlineData("20")]
    [InlineData("20MB")]
    [InlineData("MB/s")]
    [InlineData("-1MB/s")]
    [InlineData("1.5MB/s")]
    [InlineData("99999999999999GB/s")]
    [InlineData("20Mbit/s")]
    [InlineData("Mon 08:00-18:00 20MB/s please")]
    public void Other_text_is_refused_with_an_example(string text) =>
        Assert.Contains("Mon-Fri 08:00-18:00 20MB/s", Assert.Throws<FormatException>(() => BandwidthWindow.Parse(text)).Message, StringComparison.Ordinal);

    // 2026-11-23 is a Monday.
    [Theory]
    [InlineData("2026-11-23T07:59:59", 2)]
    [InlineData("2026-11-23T08:00:00", 20)]
    [InlineData("2026-11-23T17:59:59", 20)]
    [InlineData("2026-11-23T18:00:00", null)]
    [InlineData("2026-11-23T22:00:00", null)]
    [InlineData("2026-11-27T22:00:00", 3)]
    [InlineData("2026-11-28T05:59:59", 3)]
    [InlineData("2026-11-28T06:00:00", null)]
    [InlineData("2026-11-29T05:00:00", null)]
    [InlineData("2026-11-23T00:00:00", 2)]
    public void The_first_window_that_a_time_lies_in_counts(string local, int? megabytes)
    {
        BandwidthWindow[] windows = [Window("Mon-Fri 08:00-18:00 20MB/s"), Window("Fri 22:00-06:00 3MB/s"), Window("Mon-Fri 00:00-08:00 2MB/s")];
        DateTimeOffset time = DateTimeOffset.Parse(local + "+02:00", CultureInfo.InvariantCulture);
        Assert.Equal(megabytes << 20, BandwidthWindow.LimitAt(windows, time));
    }

    [Fact]
    public void What_no_window_may_be_has_a_reason()
    {
        Assert.NotNull(new BandwidthWindow { BytesPerSecond = ReplicationLimits.BytesPerSecondMin - 1 }.Fault);
        Assert.NotNull(new BandwidthWindow { BytesPerSecond = 1 << 20, Days = [DayOfWeek.Monday, DayOfWeek.Monday] }.Fault);
        Assert.NotNull(new BandwidthWindow { BytesPerSecond = 1 << 20, Days = [(DayOfWeek)7] }.Fault);
        Assert.NotNull(new BandwidthWindow { BytesPerSecond = 1 << 20, From = TimeSpan.FromDays(1) }.Fault);
        Assert.NotNull(new BandwidthWindow { BytesPerSecond = 1 << 20, To = TimeSpan.FromTicks(-1) }.Fault);
    }

    private static BandwidthWindow Window(string text) => BandwidthWindow.Parse(text);
}
