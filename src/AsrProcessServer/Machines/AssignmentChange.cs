using System;
using System.Linq;
using Asr.Contracts;

namespace Asr.ProcessServer.Machines;

/// <summary>Changes of an agent's assignment: the revision rises with every difference, and with nothing else.</summary>
internal static class AssignmentChange
{
    /// <summary>The wanted assignment under the next revision, or null when it asks for nothing new.</summary>
    public static AgentAssignment? Follow(AgentAssignment present, AgentAssignment wanted) =>
        AsksTheSame(present, wanted) ? null : wanted with { Revision = present.Revision + 1 };

    /// <summary>What stands beside a job and is not for it to change.</summary>
    public static AgentAssignment KeepBeside(AgentAssignment present, AgentAssignment wanted) => wanted with
    {
        VerificationId = present.VerificationId,
        VerificationBytesPerSecond = present.VerificationBytesPerSecond,
        BandwidthBytesPerSecond = present.BandwidthBytesPerSecond,
    };

    /// <summary>An earlier assignment again. Generations never go back: the agent may have seen them.</summary>
    public static AgentAssignment GoBack(AgentAssignment present, AgentAssignment before) => Follow(
        present,
        KeepBeside(present, before) with { ResynchronizeGeneration = Math.Max(present.ResynchronizeGeneration, before.ResynchronizeGeneration) }) ?? present;

    private static bool AsksTheSame(AgentAssignment a, AgentAssignment b) =>
        a with { Revision = 0, DiskIds = [], Bases = null } == (b with { Revision = 0, DiskIds = [], Bases = null })
        && a.DiskIds.SequenceEqual(b.DiskIds)
        && (a.Bases ?? []).SequenceEqual(b.Bases ?? [])
        && a.Bases is null == b.Bases is null;
}
