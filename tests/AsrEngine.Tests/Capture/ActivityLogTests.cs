using System;
using System.IO;
using System.Linq;
using Asr.Contracts;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Capture;

public sealed class ActivityLogTests : IDisposable
{
    private const long DiskBytes = (200L << 16) + 512;

    private readonly string _folder = Directory.CreateTempSubdirectory("asr-log-").FullName;
    private readonly Guid _disk = Guid.NewGuid();
    private readonly Guid _boot = Guid.NewGuid();

    private string LogPath => Path.Combine(_folder, "disk.activity");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_new_log_marks_nothing_and_knows_no_stream()
    {
        using ActivityLog log = Open();

        Assert.Equal(ActivityLogState.New, log.OpenedAs);
        Assert.Equal(default, log.Position);
        Assert.Empty(log.EnumerateMarked());
    }

    [Fact]
    public void Marks_position_and_nonce_survive_the_end_of_the_process()
    {
        Guid nonce;
        using (ActivityLog log = Open())
        {
            log.Mark(0);
            log.Mark(63);
            log.Mark(64);
            log.Mark(200);
            log.Mark(100);
            log.Clear(63);
            log.SetPosition(new StreamPosition(7, 100));
            log.Advance(120);
            log.SetResynchronizeGeneration(3);
            nonce = log.SessionNonce;
        }

        using ActivityLog again = Open();
        Assert.Equal(ActivityLogState.Trusted, again.OpenedAs);
        Assert.Equal([0, 64, 100, 200], again.EnumerateMarked());
        Assert.Equal(new StreamPosition(7, 120), again.Position);
        Assert.Equal(3, again.ResynchronizeGeneration);
        Assert.Equal(nonce, again.SessionNonce);

        again.SetPosition(new StreamPosition(8, 50));
        Assert.NotEqual(nonce, again.SessionNonce);
        Assert.Equal(new StreamPosition(8, 50), again.Position);
    }

    [Fact]
    public void After_a_reboot_without_an_orderly_end_everything_is_marked_for_good()
    {
        using (ActivityLog log = Open())
        {
            log.SetPosition(new StreamPosition(1, 0));
        }

        using (ActivityLog log = Open(boot: Guid.NewGuid()))
        {
            Assert.Equal(ActivityLogState.Rebooted, log.OpenedAs);
            Assert.Equal(201, log.EnumerateMarked().Count());
        }

        using ActivityLog third = Open(boot: Guid.NewGuid());
        Assert.Equal(201, third.EnumerateMarked().Count());
    }

    [Fact]
    public void An_orderly_end_is_trusted_after_a_reboot_but_only_once()
    {
        using (ActivityLog log = Open())
        {
            log.Mark(5);
            log.CloseCleanly();
        }

        using (ActivityLog log = Open(boot: Guid.NewGuid()))
        {
            Assert.Equal(ActivityLogState.Trusted, log.OpenedAs);
            Assert.Equal([5], log.EnumerateMarked());
        }

        using ActivityLog third = Open(boot: Guid.NewGuid());
        Assert.Equal(ActivityLogState.Rebooted, third.OpenedAs);
    }

    [Fact]
    public void Any_flipped_bit_of_a_cleanly_closed_log_is_noticed_or_harmless()
    {
        using (ActivityLog log = Open())
        {
            log.Mark(9);
            log.SetPosition(new StreamPosition(4, 44));
            log.CloseCleanly();
        }

        byte[] good = File.ReadAllBytes(LogPath);
        foreach (int at in Enumerable.Range(0, 128).Concat(Enumerable.Range(4096, 128)).Concat(Enumerable.Range(8192, 8)).Concat(Enumerable.Range(12288, good.Length - 12288)))
        {
            byte[] damaged = [.. good];
            damaged[at] ^= 4;
            File.WriteAllBytes(LogPath, damaged);
            using ActivityLog log = Open(boot: Guid.NewGuid());

            // Damage to the older slot changes nothing; damage to the newer one leaves the older, which was not closed.
            bool isUnharmed = log.OpenedAs == ActivityLogState.Trusted && log.EnumerateMarked().SequenceEqual([9L]) && log.Position == new StreamPosition(4, 44);
            Assert.True(isUnharmed || (log.OpenedAs is ActivityLogState.Corrupt or ActivityLogState.Rebooted && log.EnumerateMarked().Count() == 201), $"Byte {at}: {log.OpenedAs}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(9000)]
    public void A_truncated_log_is_corrupt(int length)
    {
        Open().Dispose();
        using (FileStream file = new(LogPath, FileMode.Open))
        {
            file.SetLength(length);
        }

        using ActivityLog log = Open();
        Assert.Equal(ActivityLogState.Corrupt, log.OpenedAs);
        Assert.Equal(0, log.Position.Epoch);
        Assert.Equal(201, log.EnumerateMarked().Count());
    }

    [Fact]
    public void Another_size_and_another_disk_are_noticed()
    {
        Open().Dispose();
        using (ActivityLog log = ActivityLog.Open(LogPath, _disk, DiskBytes * 2, _boot))
        {
            Assert.Equal(ActivityLogState.SizeChanged, log.OpenedAs);
            Assert.Equal(401, log.EnumerateMarked().Count());
        }

        using ActivityLog other = ActivityLog.Open(LogPath, Guid.NewGuid(), DiskBytes * 2, _boot);
        Assert.Equal(ActivityLogState.Corrupt, other.OpenedAs);
    }

    [Fact]
    public void A_log_has_one_user_at_a_time()
    {
        using ActivityLog log = Open();

        AsrException refused = Assert.Throws<AsrException>(() => Open());
        Assert.Equal(AsrErrorCode.DiskBusy, refused.Code);
    }

    [Fact]
    public void Regions_beyond_the_disk_are_refused()
    {
        using ActivityLog log = Open();

        Assert.Throws<ArgumentOutOfRangeException>(() => log.Mark(201));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Clear(-1));
    }

    private ActivityLog Open(Guid? boot = null) => ActivityLog.Open(LogPath, _disk, DiskBytes, boot ?? _boot);
}
