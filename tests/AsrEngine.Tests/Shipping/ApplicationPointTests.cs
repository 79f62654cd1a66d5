using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Shipping;

/// <summary>Points for which applications are brought to rest.</summary>
public sealed class ApplicationPointTests
{
    [Fact]
    public async Task Applications_are_at_rest_at_the_instant_and_released_before_the_point_is_published()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 1 << 20);
        Applications applications = new();
        AsrRecoveryPoint point = await MakeAsync(rig, applications);
        Assert.Equal(RecoveryPointType.AppConsistent, point.Type);
        Assert.Null(point.AppConsistencyError);
        Assert.InRange(point.Time, applications.Rested[0], applications.Released[0]);
        Assert.InRange(applications.Released[0], point.Time, point.PublishedAt > point.Time ? point.PublishedAt : DateTimeOffset.MaxValue);
    }

    [Fact]
    public async Task What_cannot_be_brought_to_rest_gives_a_crash_consistent_point_with_the_reason()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 1 << 20);
        Applications applications = new() { RestError = Failure("pre") };
        AsrRecoveryPoint point = await MakeAsync(rig, applications);
        Assert.Equal((RecoveryPointType.CrashConsistent, "pre"), (point.Type, point.AppConsistencyError?.Message));
        Assert.Single(applications.Rested);
    }

    [Fact]
    public async Task What_fails_to_go_on_gives_a_crash_consistent_point_with_the_reason()
    {
        await using ReplicationRig rig = new(diskCount: 1, diskBytes: 1 << 20);
        AsrRecoveryPoint point = await MakeAsync(rig, new Applications { ReleaseError = Failure("post") });
        Assert.Equal((RecoveryPointType.CrashConsistent, "post"), (point.Type, point.AppConsistencyError?.Message));
    }

    [Fact]
    public async Task With_nothing_to_bring_to_rest_no_point_claims_that_it_was()
    {
        await using ReplicationRig rig = new(diskCount: 2, diskBytes: 1 << 20);
        foreach (Applications? none in new[] { null, new Applications { Prepared = 0 } })
        {
            AsrRecoveryPoint point = await MakeAsync(rig, none);
            Assert.Equal((RecoveryPointType.CrashConsistent, AsrErrorCode.AppConsistencyFailed), (point.Type, point.AppConsistencyError?.Code));
            await rig.CrashAgentAsync();
        }

        rig.StartAgent();
    }

    private static AsrError Failure(string message) => new() { Code = AsrErrorCode.AppConsistencyFailed, Message = message };

    private static async Task<AsrRecoveryPoint> MakeAsync(ReplicationRig rig, Applications? applications)
    {
        rig.Applications = applications;
        rig.StartAgent();
        Guid wanted = Guid.NewGuid();
        await rig.ReachAsync(AgentMode.Replicate, assignment => assignment with { OnDemandPointId = wanted, OnDemandIsAppConsistent = true });
        await rig.UntilAsync(_ => rig.Sink.Points.Any(point => point.Id == wanted));
        return rig.Sink.Points.Single(point => point.Id == wanted);
    }

    private sealed class Applications : IApplicationQuiescence, IApplicationRest
    {
        public List<DateTimeOffset> Rested { get; } = [];

        public List<DateTimeOffset> Released { get; } = [];

        public AsrError? RestError { get; init; }

        public AsrError? ReleaseError { get; init; }

        public int Prepared { get; init; } = 1;

        public Task<IApplicationRest> RestAsync(CancellationToken cancellationToken)
        {
            Rested.Add(TimeProvider.System.GetUtcNow());
            return RestError is null ? Task.FromResult<IApplicationRest>(this) : throw RestError.ToException();
        }

        public Task<AsrError?> ReleaseAsync()
        {
            Released.Add(TimeProvider.System.GetUtcNow());
            return Task.FromResult(ReleaseError);
        }
    }
}
