using System;
using System.Collections.Generic;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Asr.Agent.Commands;
using Asr.Agent.Consistency;
using Asr.Agent.Disks;
using Asr.Agent.Enrollment;
using Asr.Contracts;

namespace Asr.Agent.State;

/// <summary>
/// JSON as <see cref="AsrJson"/> has it, for every document that the agent reads or writes, by code made when the agent is built: the packed agent is compiled ahead of time and has no reflection
/// to do it with. A type that is not in <see cref="AgentJsonContext"/> is an <see cref="InvalidOperationException"/> the first time it is used.
/// </summary>
internal static class AgentJson
{
    // Left to itself, code made at build time gives a property that is not in the document null or zero, whatever default the record has for it. What an older version wrote would then have nulls where none
    // may be. So records that are read are made with their defaults first, and what is in the document is set in them.
    private static readonly Dictionary<Type, Func<object>> Records = new()
    {
        [typeof(AgentAssignment)] = static () => new AgentAssignment(),
        [typeof(AgentIdentity)] = static () => new AgentIdentity(),
        [typeof(AgentReport)] = static () => new AgentReport(),
        [typeof(AgentStatus)] = static () => new AgentStatus(),
        [typeof(AsrDisk)] = static () => new AsrDisk(),
        [typeof(AsrError)] = static () => new AsrError(),
        [typeof(AsrRecoveryPoint)] = static () => new AsrRecoveryPoint(),
        [typeof(AsrVerification)] = static () => new AsrVerification(),
        [typeof(ConsistencyOrder)] = static () => new ConsistencyOrder(),
        [typeof(ConsistencyStep)] = static () => new ConsistencyStep(),
        [typeof(DigestRequest)] = static () => new DigestRequest(),
        [typeof(DiskBase)] = static () => new DiskBase(),
        [typeof(DiskEntry)] = static () => new DiskEntry(),
        [typeof(EnrollAgentRequest)] = static () => new EnrollAgentRequest(),
        [typeof(EnrollAgentResponse)] = static () => new EnrollAgentResponse(),
        [typeof(FreezeNote)] = static () => new FreezeNote(),
        [typeof(IntervalFigures)] = static () => new IntervalFigures(),
        [typeof(MachineInstant)] = static () => new MachineInstant(),
        [typeof(MultiMachinePoint)] = static () => new MultiMachinePoint(),
        [typeof(NotedFileSystem)] = static () => new NotedFileSystem(),
        [typeof(OpenSessionRequest)] = static () => new OpenSessionRequest(),
        [typeof(PendingEnrollment)] = static () => new PendingEnrollment(),
        [typeof(PointVerification)] = static () => new PointVerification(),
        [typeof(PublishPointRequest)] = static () => new PublishPointRequest(),
        [typeof(RenewAgentCertificateRequest)] = static () => new RenewAgentCertificateRequest(),
        [typeof(ReplicationSession)] = static () => new ReplicationSession(),
        [typeof(ShipReceipt)] = static () => new ShipReceipt(),
        [typeof(VerifiedDisk)] = static () => new VerifiedDisk(),
    };

    private static readonly JsonSerializerOptions CompactOptions = Create(isIndented: false);
    private static readonly JsonSerializerOptions ReadableOptions = Create(isIndented: true);

    /// <summary>For the wire and the command line.</summary>
    public static JsonTypeInfo<T> Compact<T>() => (JsonTypeInfo<T>)Of(CompactOptions, typeof(T));

    /// <summary>The same for a type known at run time only.</summary>
    public static JsonTypeInfo Compact(Type type) => Of(CompactOptions, type);

    /// <summary>For files that people open.</summary>
    public static JsonTypeInfo<T> Readable<T>() => (JsonTypeInfo<T>)Of(ReadableOptions, typeof(T));

    private static JsonTypeInfo Of(JsonSerializerOptions options, Type type) =>
        options.TryGetTypeInfo(type, out JsonTypeInfo? info) ? info : throw new InvalidOperationException($"{type} is not among the agent's documents.");

    private static JsonSerializerOptions Create(bool isIndented) => new(AgentJsonContext.Default.Options)
    {
        WriteIndented = isIndented,
        TypeInfoResolver = AgentJsonContext.Default.WithAddedModifier(BeginWithDefaults),
    };

    private static void BeginWithDefaults(JsonTypeInfo info)
    {
        if (!Records.TryGetValue(info.Type, out Func<object>? create))
        {
            return;
        }

        info.CreateObject = create;
        foreach (JsonPropertyInfo property in info.Properties)
        {
            if (property.AttributeProvider is PropertyInfo { SetMethod: not null } reflected)
            {
                property.Set = reflected.SetValue;
            }
        }
    }
}

/// <summary>The documents.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 32, GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AgentAssignment))]
[JsonSerializable(typeof(AgentIdentity))]
[JsonSerializable(typeof(AgentReport))]
[JsonSerializable(typeof(FreezeNote))]
[JsonSerializable(typeof(AgentStatus))]
[JsonSerializable(typeof(AsrError))]
[JsonSerializable(typeof(AsrRecoveryPoint))]
[JsonSerializable(typeof(ConsistencyOrder))]
[JsonSerializable(typeof(ConsistencyStep))]
[JsonSerializable(typeof(DigestRequest))]
[JsonSerializable(typeof(EnrollAgentRequest))]
[JsonSerializable(typeof(EnrollAgentResponse))]
[JsonSerializable(typeof(EnrolledMachine))]
[JsonSerializable(typeof(List<DiskEntry>))]
[JsonSerializable(typeof(OpenSessionRequest))]
[JsonSerializable(typeof(PendingEnrollment))]
[JsonSerializable(typeof(PublishPointRequest))]
[JsonSerializable(typeof(RenewAgentCertificateRequest))]
[JsonSerializable(typeof(ReplicationSession))]
[JsonSerializable(typeof(ServingMachine))]
[JsonSerializable(typeof(ShipReceipt))]
internal sealed partial class AgentJsonContext : JsonSerializerContext;
