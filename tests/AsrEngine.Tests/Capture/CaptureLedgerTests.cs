using System;
using System.IO;
using Asr.Contracts;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Capture;

public sealed class CaptureLedgerTests : IDisposable
{
    private const int Region = ReplicationLimits.DigestRegionBytes;

    private readonly string _folder = Directory.CreateTempSubdirectory("asr-ledger-").FullName;
    private readonly ActivityLog _log;
    private readonly CaptureLedger _ledger;

    public CaptureLedgerTests()
    {
        _log = ActivityLog.Open(Path.Combine(_folder, "log"), Guid.NewGuid(), 16 * Region);
        _log.SetPosition(new StreamPosition(1, 0));
        _ledger = new CaptureLedger(16 * Region, _log, new CaptureArena(4 << 20));
        _ledger.StartStream(nextSequence: 1, comparePending: false);
    }

    public void Dispose()
    {
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_mark_is_cleared_only_when_the_vault_has_the_change_and_the_disk_too()
    {
        int period = Begin(3);
        Assert.Equal([3], _log.EnumerateMarked());
        Settle(vaultSequence: 1);
        Assert.Equal([3], _log.EnumerateMarked());

        _ledger.EndWrite(period);
        Settle(vaultSequence: 0);
        Assert.Equal([3], _log.EnumerateMarked());

        Settle(vaultSequence: 1);
        Assert.Empty(_log.EnumerateMarked());
        Assert.Equal(1, _log.Position.Sequence);
    }

    [Fact]
    public void A_mark_stays_when_the_region_was_changed_again()
    {
        _ledger.EndWrite(Begin(3));
        Settle(vaultSequence: 0);
        _ledger.EndWrite(Begin(3));

        Settle(vaultSequence: 1);
        Assert.Equal([3], _log.EnumerateMarked());
        Settle(vaultSequence: 2);
        Assert.Empty(_log.EnumerateMarked());
    }

    [Fact]
    public void A_mark_stays_while_its_region_is_pending()
    {
        _ledger.EndWrite(Begin(3));
        _ledger.BeginWrite(3 * Region, 512, [], out int period);
        _ledger.EndWrite(period);

        Settle(vaultSequence: 1);
        Assert.Equal([3], _log.EnumerateMarked());
        Assert.False(_ledger.ReadInstant().IsComplete);
    }

    [Fact]
    public void Equality_with_the_replica_counts_only_while_nothing_was_written_since()
    {
        _ledger.MakeAllPending();
        PendingRun run = _ledger.NextRun(0, 16);
        Assert.True(run.IsCompared);
        Assert.Equal(16, run.Count);
        _ledger.EndWrite(Begin(5));

        bool[] equal = new bool[16];
        Array.Fill(equal, true);
        Assert.True(_ledger.CompleteCatchUp(run, equal, []));
        Assert.Equal(1, _ledger.PendingRegions);
        Assert.Equal(new PendingRun(5, 1, false, run.Generation), _ledger.NextRun(0, 16));
    }

    [Fact]
    public void Equality_found_before_a_new_doubt_counts_for_nothing()
    {
        _ledger.MakeAllPending();
        PendingRun run = _ledger.NextRun(0, 1);
        _ledger.MakeAllPending();

        Assert.True(_ledger.CompleteCatchUp(run, [true], []));
        Assert.Equal(16, _ledger.PendingRegions);
    }

    [Fact]
    public void A_region_written_past_the_stream_is_not_compared_when_everything_is_doubted()
    {
        _ledger.BeginWrite(0, 512, [], out int period);
        _ledger.EndWrite(period);
        _ledger.MakeAllPending();

        Assert.Equal(new PendingRun(0, 1, false, _ledger.Generation), _ledger.NextRun(0, 16));
        Assert.True(_ledger.NextRun(1, 16).IsCompared);
    }

    // A write that travels as a change to zeros of one sector.
    private int Begin(int region)
    {
        _ledger.BeginWrite(region * Region, 512, [new CapturedChange(region * Region, 512, default)], out int period);
        return period;
    }

    private void Settle(long vaultSequence)
    {
        for (int i = 0; i < 4; i++)
        {
            _ledger.Settle(vaultSequence);
        }
    }
}
