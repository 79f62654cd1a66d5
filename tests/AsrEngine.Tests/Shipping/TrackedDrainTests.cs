using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Asr.Engine.Shipping;
using Asr.Testing;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

/// <summary>When a tracked disk is asked what was written, and when only whether the tracking is well.</summary>
public sealed class TrackedDrainTests
{
    private const int DiskBytes = 4 << 20;
    private const long DrainBytes = 64 << 10;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_written_waits_until_it_is_much_while_the_tracking_is_checked()
    {
        await using Rig rig = new();
        await rig.FirstPointAsync();
        int drains = rig.Tracker.Drains;
        rig.Tracker.WrittenBytes = DrainBytes - 1;
        int checks = rig.Tracker.Checks;
        await SeeAsync(() => rig.Tracker.Checks > checks + 5);
        Assert.Equal(drains, rig.Tracker.Drains);
        Assert.Equal(DrainBytes - 1, rig.Replicator.GetReport().Disks[0].PendingBytes);

        rig.Tracker.WrittenBytes = DrainBytes;
        await SeeAsync(() => rig.Tracker.Drains > drains);
    }

    [Fact]
    public async Task A_point_asks_at_once()
    {
        await using Rig rig = new();
        await rig.FirstPointAsync();
        int drains = rig.Tracker.Drains;
        await rig.AskForPointAsync(2);
        await SeeAsync(() => rig.Sink.Points.Count == 2);
        Assert.True(rig.Tracker.Drains > drains);
    }

    [Fact]
    public async Task A_loss_that_a_check_tells_is_answered_without_a_drain()
    {
        await using Rig rig = new();
        await rig.FirstPointAsync();
        rig.Tracker.NextCheck = new DrainOutcome { Loss = "Something was missed." };
        await SeeAsync(() => rig.Replicator.GetReport().ResynchronizeReason == "Something was missed.");
        await SeeAsync(() => rig.Replicator.GetReport() is { Resynchronizing: false, InSync: true });
    }

    [Fact]
    public async Task A_loss_right_after_another_does_not_hide_its_reason()
    {
        await using Rig rig = new(new StillTime());
        await rig.FirstPointAsync();
        rig.Tracker.NextCheck = new DrainOutcome { Loss = "Something was missed." };
        await SeeAsync(() => rig.Replicator.GetReport() is { ResynchronizeReason: not null, InSync: true });
        rig.Tracker.NextCheck = new DrainOutcome { Loss = "It is missing elsewhere too." };
        await SeeAsync(() => rig.Tracker.NextCheck is null);

        // It is checked again once the loss has been answered.
        int checks = rig.Tracker.Checks;
        await SeeAsync(() => rig.Tracker.Checks > checks + 1);
        Assert.Equal("Something was missed.", rig.Replicator.GetReport().ResynchronizeReason);
    }

    [Fact]
    public async Task A_doubt_that_a_check_tells_is_settled_at_rest()
    {
        await using Rig rig = new();
        await rig.FirstPointAsync();
        int rests = rig.Tracker.Rests;
        rig.Tracker.NextCheck = new DrainOutcome { IsDoubtful = true };
        await SeeAsync(() => rig.Tracker.Rests > rests);
    }

    [Fact]
    public async Task What_is_written_faster_than_it_is_shipped_is_not_frozen_for()
    {
        await using Rig rig = new();
        await rig.FirstPointAsync();
        int freezes = rig.Quiescence.Freezes;
        rig.Tracker.BytesAfterDrain = 17 << 20;
        int drains = rig.Tracker.Drains;
        await rig.AskForPointAsync(2);
        await SeeAsync(() => rig.Tracker.Drains > drains + 5);
        Assert.Equal((freezes, 1), (rig.Quiescence.Freezes, rig.Sink.Points.Count));

        rig.Tracker.BytesAfterDrain = 0;
        await SeeAsync(() => rig.Sink.Points.Count == 2);
        Assert.True(rig.Quiescence.Freezes > freezes);
    }

    private static async Task SeeAsync(Func<bool> isSeen)
    {
        long began = Stopwatch.GetTimestamp();
        while (!isSeen())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Limit, "It did not come about.");
            await Task.Delay(5, Stop);
        }
    }

    private sealed class Rig : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly Guid _diskId = Guid.NewGuid();
        private readonly DiskCapture _capture;

        public Rig(TimeProvider? time = null)
        {
            ActivityLog log = ActivityLog.Open(_folder.At("log"), _diskId, DiskBytes);
            _capture = new DiskCapture(_diskId, "data", new MemoryBlockDevice(DiskBytes), log, tracker: Tracker);
            ShippingOptions options = new() { CheckInterval = TimeSpan.FromMilliseconds(5), DrainInterval = TimeSpan.FromHours(1), DrainBytes = DrainBytes };
            Replicator = new MachineReplicator(Guid.NewGuid(), [_capture], Sink, Sink, options, time: time, quiescence: Quiescence);
        }

        public ToldTracker Tracker { get; } = new();

        public CountedQuiescence Quiescence { get; } = new();

        public InMemoryReplicationSink Sink { get; } = new();

        public MachineReplicator Replicator { get; }

        public async Task FirstPointAsync()
        {
            await AskForPointAsync(1);
            await SeeAsync(() => Sink.Points.Count == 1);

            // The pass that the point asked for has ended.
            int checks = Tracker.Checks;
            await SeeAsync(() => Tracker.Checks > checks);
        }

        public Task AskForPointAsync(int revision) => Replicator.ApplyAsync(
            new AgentAssignment { Revision = revision, Mode = AgentMode.Replicate, DiskIds = [_diskId], OnDemandPointId = Guid.NewGuid() }, Stop);

        public async ValueTask DisposeAsync()
        {
            await Replicator.DisposeAsync();
            await _capture.DisposeAsync();
            _folder.Dispose();
        }
    }

    /// <summary>Timers end, and yet no time passes: what is shown for a while is shown for ever.</summary>
    private sealed class StillTime : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }

    /// <summary>Nothing to freeze, but each time is counted.</summary>
    private sealed class CountedQuiescence : IQuiescence
    {
        private int _freezes;

        public int Freezes => Volatile.Read(ref _freezes);

        public void WriteBack(IReadOnlyList<string> devicePaths)
        {
        }

        public IQuietMoment Begin(IReadOnlyList<string> devicePaths, TimeSpan budget)
        {
            Interlocked.Increment(ref _freezes);
            return new Moment();
        }

        private sealed class Moment : IQuietMoment
        {
            public DateTimeOffset Since { get; } = TimeProvider.System.GetUtcNow();

            public IReadOnlyList<string> FileSystems => ["/somewhere"];

            public IReadOnlyList<string> Unfreezable => [];

            public bool Covers(string devicePath) => true;

            public bool End() => true;

            public void Dispose()
            {
            }
        }
    }

    /// <summary>A tracker that says what the test wants; nothing is ever written.</summary>
    private sealed class ToldTracker : IChangeTracker
    {
        private long _writtenBytes;
        private int _checks;
        private int _drains;
        private int _rests;

        public int BlockBytes => 4096;

        public string DevicePath => "/dev/none";

        public bool IsNew => true;

        public AsrError? Limitation => null;

        public long WrittenBytes
        {
            get => Interlocked.Read(ref _writtenBytes);
            set => Interlocked.Exchange(ref _writtenBytes, value);
        }

        public long BytesAfterDrain { get; set; }

        public DrainOutcome? NextCheck { get; set; }

        public int Checks => Volatile.Read(ref _checks);

        public int Drains => Volatile.Read(ref _drains);

        public int Rests => Volatile.Read(ref _rests);

        public DrainOutcome Check()
        {
            DrainOutcome said = NextCheck ?? default;
            NextCheck = null;
            Interlocked.Increment(ref _checks);
            return said;
        }

        public DrainOutcome Drain(Action<long, long> written, DiskRest rest)
        {
            WrittenBytes = BytesAfterDrain;
            Interlocked.Increment(ref _drains);
            if (rest != DiskRest.None)
            {
                Interlocked.Increment(ref _rests);
            }

            return default;
        }

        public void Dispose()
        {
        }
    }
}
