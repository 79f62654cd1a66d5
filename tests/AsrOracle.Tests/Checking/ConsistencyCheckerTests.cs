using System;
using Xunit;

namespace Asr.Oracle.Tests.Checking;

/// <summary>The checker against small histories worked out by hand. Times are plain numbers.</summary>
public sealed class ConsistencyCheckerTests
{
    private const int Sector = SectorStamp.SectorBytes;
    private readonly WriteHistory _history = new(disk: 1, run: 7, lengthBytes: 8 * Sector);
    private readonly byte[] _image = new byte[8 * Sector];

    [Fact]
    public void Empty_image_is_right_before_the_first_completion()
    {
        Write(0, 1, submit: 10, complete: 20);
        Assert.Empty(Check(claim: 15));
    }

    [Fact]
    public void Empty_image_is_optimistic_after_the_first_completion()
    {
        Write(0, 1, submit: 10, complete: 20);
        Assert.NotEmpty(Check(claim: 21));
    }

    [Fact]
    public void A_later_write_without_an_earlier_completed_one_is_wrong()
    {
        Write(0, 1, submit: 10, complete: 20);
        WriteRecord later = Write(1, 1, submit: 30, complete: 40);
        Show(later, 1);
        Assert.NotEmpty(Check());
    }

    [Fact]
    public void Of_two_writes_in_flight_together_either_may_be_missing()
    {
        Write(0, 1, submit: 10, complete: 40);
        WriteRecord other = Write(1, 1, submit: 20, complete: 30);
        Show(other, 1);
        Assert.Empty(Check());
    }

    [Fact]
    public void A_write_in_flight_may_be_torn_and_a_completed_one_may_not_when_something_after_it_is_seen()
    {
        WriteRecord torn = Write(0, 2, submit: 10, complete: 20);
        Show(torn, 0);
        Assert.Empty(Check());

        WriteRecord after = Write(4, 1, submit: 30, complete: 40);
        Show(after, 4);
        Assert.NotEmpty(Check());
    }

    [Fact]
    public void Stale_content_under_a_completed_overwrite_is_wrong_once_later_writes_are_seen()
    {
        WriteRecord old = Write(0, 1, submit: 10, complete: 20);
        Write(0, 1, submit: 30, complete: 40);
        WriteRecord last = Write(2, 1, submit: 50, complete: 60);
        Show(old, 0);
        Show(last, 2);
        Assert.NotEmpty(Check());
    }

    [Fact]
    public void Zeros_may_come_from_a_trim()
    {
        Write(0, 1, submit: 10, complete: 20);
        Zero(0, 1, submit: 30, complete: 40);
        WriteRecord last = Write(2, 1, submit: 50, complete: 60);
        Show(last, 2);
        Assert.Empty(Check());
    }

    [Fact]
    public void A_lost_trim_is_found()
    {
        WriteRecord old = Write(0, 1, submit: 10, complete: 20);
        Zero(0, 1, submit: 30, complete: 40);
        WriteRecord last = Write(2, 1, submit: 50, complete: 60);
        Show(old, 0);
        Show(last, 2);
        Assert.NotEmpty(Check());
    }

    [Fact]
    public void A_sector_off_by_one_is_found()
    {
        WriteRecord write = Write(0, 1, submit: 10, complete: 20);
        SectorStamp.Write(_image.AsSpan(Sector, Sector), 1, 7, write.Id, lba: 0);
        Assert.Contains(Check(), v => v.Contains("belongs at sector 0", StringComparison.Ordinal));
    }

    [Fact]
    public void A_flipped_bit_is_found()
    {
        WriteRecord write = Write(0, 1, submit: 10, complete: 20);
        Show(write, 0);
        _image[100] ^= 1;
        Assert.Contains(Check(), v => v.Contains("broken stamp", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_disks_must_share_one_instant()
    {
        WriteHistory second = new(disk: 2, run: 7, lengthBytes: 8 * Sector);
        Write(0, 1, submit: 10, complete: 20);
        WriteRecord onSecond = Begin(second, 0, 1, WriteKind.Stamp, 30, 40);
        byte[] secondImage = new byte[8 * Sector];
        SectorStamp.Write(secondImage.AsSpan(0, Sector), 2, 7, onSecond.Id, 0);

        ConsistencyChecker checker = new();
        checker.AddDisk(_history, _image);
        checker.AddDisk(second, secondImage);
        Assert.NotEmpty(checker.Violations);
    }

    [Fact]
    public void Content_much_newer_than_claimed_is_reported()
    {
        WriteRecord write = Write(0, 1, submit: 1_000, complete: 1_010);
        Show(write, 0);
        Assert.NotEmpty(Check(claim: 10, tolerance: 100));
        Assert.Empty(Check(claim: 950, tolerance: 100));
    }

    private WriteRecord Write(long sector, long count, long submit, long complete) =>
        Begin(_history, sector, count, WriteKind.Stamp, submit, complete);

    private void Zero(long sector, long count, long submit, long complete) =>
        Begin(_history, sector, count, WriteKind.Zero, submit, complete);

    private static WriteRecord Begin(WriteHistory history, long sector, long count, WriteKind kind, long submit, long complete)
    {
        WriteRecord write = history.Begin(sector * Sector, count * Sector, kind, () => submit);
        write.Complete = complete;
        return write;
    }

    private void Show(WriteRecord write, int sector) =>
        SectorStamp.Write(_image.AsSpan(sector * Sector, Sector), 1, 7, write.Id, sector);

    private System.Collections.Generic.IReadOnlyList<string> Check(long? claim = null, long tolerance = 0)
    {
        ConsistencyChecker checker = new();
        checker.AddDisk(_history, _image);
        if (claim is long time)
        {
            checker.CheckClaim(time, tolerance);
        }

        return checker.Violations;
    }
}
