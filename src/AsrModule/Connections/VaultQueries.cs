using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Identities;

namespace Asr.Module.Connections;

/// <summary>The questions cmdlets and completers ask an appliance.</summary>
internal static class VaultQueries
{
    private const int PointsPerPage = 1_000;

    public static Task<List<AsrReplicatedMachine>> ListMachinesAsync(this AsrConnection connection, CancellationToken cancellationToken) =>
        connection.GetAsync<List<AsrReplicatedMachine>>(AsrRoutes.Machines, cancellationToken);

    /// <summary>The machines an identity names; an error when a name without wildcards or an id names none.</summary>
    public static async Task<IReadOnlyList<AsrReplicatedMachine>> FindMachinesAsync(
        this AsrConnection connection, MachineIdentity identity, CancellationToken cancellationToken)
    {
        if (identity.Id is { } id)
        {
            return new[] { await connection.GetMachineAsync(id, cancellationToken).ConfigureAwait(false) };
        }

        List<AsrReplicatedMachine> machines = await connection.ListMachinesAsync(cancellationToken).ConfigureAwait(false);
        List<AsrReplicatedMachine> found = machines.Where(identity.Matches).ToList();
        return found.Count > 0 || identity.HasWildcards ? found : throw MachineNotFound(identity);
    }

    /// <summary>The one machine an identity names.</summary>
    public static async Task<AsrReplicatedMachine> GetMachineAsync(
        this AsrConnection connection, MachineIdentity identity, CancellationToken cancellationToken)
    {
        if (identity.HasWildcards)
        {
            throw new AsrException(
                AsrErrorCode.InvalidArgument,
                $"'{identity}' may name several machines; this command takes them by name or id.",
                $"Choose them first: Get-AsrReplicatedMachine {identity} | ...",
                identity.ToString());
        }

        return (await connection.FindMachinesAsync(identity, cancellationToken).ConfigureAwait(false))[0];
    }

    public static Task<AsrReplicatedMachine> GetMachineAsync(this AsrConnection connection, Guid id, CancellationToken cancellationToken) =>
        connection.GetAsync<AsrReplicatedMachine>(Fill(AsrRoutes.Machine, "{machineId}", id), cancellationToken);

    /// <summary>Puts a machine into a consistency group, or with null out of the one it is in.</summary>
    public static Task<AsrReplicatedMachine> SetConsistencyGroupAsync(this AsrConnection connection, Guid id, string? group, CancellationToken cancellationToken) =>
        connection.PutAsync<AsrReplicatedMachine>(
            Fill(AsrRoutes.MachineConsistencyGroup, "{machineId}", id), new ConsistencyGroupChange { ConsistencyGroup = group }, repeatable: true, cancellationToken);

    public static Task<List<AsrRecoveryPoint>> ListPointsAsync(
        this AsrConnection connection, Guid machineId, CancellationToken cancellationToken) =>
        connection.ListPointsAsync(machineId, until: null, cancellationToken);

    /// <summary>All points of a machine, or those at or before a time, newest first, page by page.</summary>
    public static async Task<List<AsrRecoveryPoint>> ListPointsAsync(
        this AsrConnection connection, Guid machineId, DateTimeOffset? until, CancellationToken cancellationToken)
    {
        List<AsrRecoveryPoint> points = new();
        HashSet<Guid> seen = new();
        List<AsrRecoveryPoint> page;
        int known;
        do
        {
            string path = WithTop(Fill(AsrRoutes.MachinePoints, "{machineId}", machineId), PointsPerPage);
            page = await connection.GetAsync<List<AsrRecoveryPoint>>(
                until is { } time ? $"{path}&until={Uri.EscapeDataString(time.ToString("o", CultureInfo.InvariantCulture))}" : path, cancellationToken).ConfigureAwait(false);
            known = points.Count;
            points.AddRange(page.Where(point => seen.Add(point.Id)));
            until = page.Count > 0 ? page[page.Count - 1].Time : until;
        }
        while (page.Count == PointsPerPage && points.Count > known);
        return points;
    }

    public static Task<AsrRecoveryPoint> ChangePointAsync(
        this AsrConnection connection, Guid machineId, Guid pointId, RecoveryPointChange change, CancellationToken cancellationToken) =>
        connection.PatchAsync<AsrRecoveryPoint>(
            Fill(Fill(AsrRoutes.MachinePoint, "{machineId}", machineId), "{pointId}", pointId), change, cancellationToken);

    /// <summary>What would be taken for a second of the machine's continuous stream.</summary>
    public static Task<AsrRecoveryPoint> FindPointAtAsync(
        this AsrConnection connection, Guid machineId, DateTimeOffset time, CancellationToken cancellationToken) =>
        connection.GetAsync<AsrRecoveryPoint>(
            $"{Fill(AsrRoutes.MachinePointAt, "{machineId}", machineId)}?time={Uri.EscapeDataString(time.ToString("o", CultureInfo.InvariantCulture))}", cancellationToken);

    public static Task<List<AsrReplicationPolicy>> ListPoliciesAsync(this AsrConnection connection, CancellationToken cancellationToken) =>
        connection.GetAsync<List<AsrReplicationPolicy>>(AsrRoutes.Policies, cancellationToken);

    public static Task<AsrReplicationPolicy> GetPolicyAsync(
        this AsrConnection connection, PolicyIdentity policy, CancellationToken cancellationToken) =>
        connection.GetAsync<AsrReplicationPolicy>(PolicyPath(policy.Name), cancellationToken);

    /// <summary>Stores a policy. Not repeated by itself when it must be new: a lost answer would then look like a name taken by another.</summary>
    public static Task<AsrReplicationPolicy> PutPolicyAsync(
        this AsrConnection connection, AsrReplicationPolicy policy, bool mustBeNew, CancellationToken cancellationToken) =>
        connection.PutAsync<AsrReplicationPolicy>(
            PolicyPath(policy.Name) + (mustBeNew ? "?create=true" : ""), policy, repeatable: !mustBeNew, cancellationToken);

    public static Task DeletePolicyAsync(this AsrConnection connection, string name, CancellationToken cancellationToken) =>
        connection.DeleteAsync(PolicyPath(name), cancellationToken);

    public static Task<List<AsrJob>> ListJobsAsync(this AsrConnection connection, int newest, CancellationToken cancellationToken) =>
        connection.GetAsync<List<AsrJob>>(WithTop(AsrRoutes.Jobs, newest), cancellationToken);

    /// <summary>The job; with a known revision the answer waits up to 10 s for a newer one.</summary>
    public static Task<AsrJob> GetJobAsync(this AsrConnection connection, Guid id, long? knownRevision, CancellationToken cancellationToken) =>
        connection.GetAsync<AsrJob>(
            Fill(AsrRoutes.Job, "{jobId}", id) + (knownRevision is null ? "" : $"?knownRevision={knownRevision}"), cancellationToken);

    public static Task<List<AsrEvent>> ListEventsAsync(this AsrConnection connection, int newest, CancellationToken cancellationToken) =>
        connection.GetAsync<List<AsrEvent>>(WithTop(AsrRoutes.Events, newest), cancellationToken);

    public static Task<AsrJob> StartOperationAsync(
        this AsrConnection connection, Guid machineId, OperationRequest request, CancellationToken cancellationToken) =>
        connection.PostAsync<AsrJob>(
            Fill(AsrRoutes.MachineOperations, "{machineId}", machineId), request, repeatable: true, cancellationToken);

    /// <summary>The point that an identity names or that is taken for a second; null when neither is given.</summary>
    public static async Task<AsrRecoveryPoint?> FindPointAsync(
        this AsrConnection connection, AsrReplicatedMachine machine, RecoveryPointIdentity? identity, DateTimeOffset? pointInTime, CancellationToken cancellationToken)
    {
        if (pointInTime is { } time)
        {
            return await connection.FindPointAtAsync(machine.Id, time, cancellationToken).ConfigureAwait(false);
        }

        return identity is null ? null
            : identity.Shown?.MachineId == machine.Id ? identity.Shown
            : identity.Resolve(await connection.ListPointsAsync(machine.Id, cancellationToken).ConfigureAwait(false), machine.Name);
    }

    /// <summary>Has the vault checked.</summary>
    public static Task<AsrJob> StartCheckAsync(this AsrConnection connection, VaultCheckRequest request, CancellationToken cancellationToken) =>
        connection.PostAsync<AsrJob>(AsrRoutes.VaultChecks, request, repeatable: true, cancellationToken);

    /// <summary>Has a job stopped that may be stopped half-way.</summary>
    public static Task<AsrJob> CancelJobAsync(this AsrConnection connection, Guid id, CancellationToken cancellationToken) =>
        connection.PostAsync<AsrJob>(Fill(AsrRoutes.JobCancellation, "{jobId}", id), null, repeatable: true, cancellationToken);

    public static Task<List<AsrRecoveryPointMount>> ListMountsAsync(this AsrConnection connection, CancellationToken cancellationToken) =>
        connection.GetAsync<List<AsrRecoveryPointMount>>(AsrRoutes.Mounts, cancellationToken);

    public static Task<AsrRecoveryPointMount> MountAsync(this AsrConnection connection, MountRequest request, CancellationToken cancellationToken) =>
        connection.PostAsync<AsrRecoveryPointMount>(AsrRoutes.Mounts, request, repeatable: true, cancellationToken);

    public static Task DismountAsync(this AsrConnection connection, Guid id, CancellationToken cancellationToken) =>
        connection.DeleteAsync(Fill(AsrRoutes.Mount, "{mountId}", id), cancellationToken);

    private static AsrException MachineNotFound(MachineIdentity identity) => new(
        AsrErrorCode.NotFound,
        $"The vault knows no machine '{identity}'.",
        "List the machines with Get-AsrReplicatedMachine.",
        identity.ToString());

    private static string PolicyPath(string name) => AsrRoutes.Policy.Replace("{name}", Uri.EscapeDataString(name));

    private static string Fill(string route, string place, Guid id) => route.Replace(place, id.ToString());

    private static string WithTop(string path, int newest) => $"{path}?top={newest}";
}
