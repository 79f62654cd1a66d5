using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Asr.Agent.Disks;
using Asr.Agent.State;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.State;

/// <summary>The agent's JSON, made when it is built, is that of everyone else, made by reflection.</summary>
public sealed class AgentJsonTests
{
    /// <summary>Every document there is.</summary>
    public static TheoryData<string> Documents => [.. Types().Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void WhatIsNotInADocumentHasTheSameDefault(string name)
    {
        Type type = Types().Single(candidate => candidate.FullName == name);
        string text = type == typeof(List<DiskEntry>) ? "[{}]" : "{}";
        object? built = JsonSerializer.Deserialize(text, AgentJson.Compact(type));
        object? reflected = JsonSerializer.Deserialize(text, type, AsrJson.Options);
        Assert.Equal(JsonSerializer.Serialize(reflected, type, AsrJson.Options), JsonSerializer.Serialize(built, type, AsrJson.Options));
        Assert.Equal(JsonSerializer.Serialize(reflected, type, AsrJson.Options), JsonSerializer.Serialize(reflected, AgentJson.Compact(type)));
    }

    [Fact]
    public void AFullDocumentTravelsBothWays()
    {
        AgentAssignment assignment = new()
        {
            Revision = 7,
            Mode = AgentMode.Failback,
            DiskIds = [Guid.NewGuid(), Guid.NewGuid()],
            CrashConsistentFrequencySeconds = 5,
            FailbackPointId = Guid.NewGuid(),
            Bases = [new DiskBase { DiskId = Guid.NewGuid(), Position = new StreamPosition(3, long.MaxValue) }],
        };
        string text = JsonSerializer.Serialize(assignment, AsrJson.Options);
        AgentAssignment read = JsonSerializer.Deserialize(text, AgentJson.Compact<AgentAssignment>())!;
        Assert.Equivalent(assignment, read, strict: true);
        Assert.Equal(text, JsonSerializer.Serialize(read, AgentJson.Compact<AgentAssignment>()));

        AgentReport report = new()
        {
            AgentVersion = "1.2.3",
            Mode = AgentMode.Replicate,
            Disks = [new AsrDisk { Id = Guid.NewGuid(), Name = "data", CaptureMode = CaptureMode.Bitmap, Error = AsrError.From(new AsrException(AsrErrorCode.DiskGone, "gone", "attach", "data")) }],
            ProgressPercent = 12.5,
        };
        text = JsonSerializer.Serialize(report, AgentJson.Compact<AgentReport>());
        Assert.Equal(JsonSerializer.Serialize(report, AsrJson.Options), text);
        Assert.Equivalent(report, JsonSerializer.Deserialize<AgentReport>(text, AsrJson.Options), strict: true);
    }

    [Fact]
    public void ATypeThatIsNoDocumentIsNamed() =>
        Assert.Contains(nameof(AgentJsonTests), Assert.Throws<InvalidOperationException>(() => AgentJson.Compact(typeof(AgentJsonTests))).Message, StringComparison.Ordinal);

    private static IEnumerable<Type> Types() =>
        typeof(AgentJsonContext).GetCustomAttributesData()
            .Where(attribute => attribute.AttributeType == typeof(JsonSerializableAttribute))
            .Select(attribute => (Type)attribute.ConstructorArguments[0].Value!);
}
