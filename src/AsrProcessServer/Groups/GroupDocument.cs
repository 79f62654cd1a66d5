using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.ProcessServer.Groups;

/// <summary>
/// What of a consistency group outlives the appliance, as a document of the vault's collection <c>consistency-groups</c>: the points of a round whose machines have all handed in theirs. Writing it is the
/// moment from which on the round's points exist; whoever finds it publishes those that are not published yet.
/// </summary>
public sealed record GroupDocument
{
    /// <summary>Name of the collection.</summary>
    public const string Collection = "consistency-groups";

    /// <summary>Name of the group.</summary>
    public string Name { get; init; } = "";

    /// <summary>The points, complete but for the marks of people; empty while all are published.</summary>
    public IReadOnlyList<AsrRecoveryPoint> Unpublished { get; init; } = [];
}
