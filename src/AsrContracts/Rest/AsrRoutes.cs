namespace Asr.Contracts;

/// <summary>Paths of the REST contract. Every failure has an <see cref="AsrError"/> as its body.</summary>
public static class AsrRoutes
{
    /// <summary>GET the OpenAPI document of this contract. Control port, operators.</summary>
    public const string OpenApi = "/openapi/v1.json";

    // Control port. Authority and enrollment need no certificate; everything else needs one, with the role named in its organizational unit.

    /// <summary>
    /// GET the authority's certificate (PEM, text/plain). Public. A TLS server does not send its root, so a caller that has only a
    /// fingerprint fetches it here, compares, and from then on accepts only servers that chain to it.
    /// </summary>
    public const string Authority = "/v1/authority";

    /// <summary>
    /// POST <see cref="EnrollAgentRequest"/>, gives <see cref="EnrollAgentResponse"/>. Repeating it with the same token and the same key
    /// gives the same machine, so a lost answer does not waste the token; another key is refused.
    /// </summary>
    public const string EnrollAgent = "/v1/enroll/agent";

    /// <summary>POST <see cref="EnrollOperatorRequest"/>.</summary>
    public const string EnrollOperator = "/v1/enroll/operator";

    /// <summary>GET <see cref="AsrAppliance"/>. Operators.</summary>
    public const string Appliance = "/v1/appliance";

    /// <summary>POST, no body, gives <see cref="AsrEnrollmentToken"/>; ?hours=1..168, default 24. Operators.</summary>
    public const string Tokens = "/v1/tokens";

    /// <summary>GET a list of <see cref="AsrReplicationPolicy"/>. Operators.</summary>
    public const string Policies = "/v1/policies";

    /// <summary>GET, PUT (?create=true refuses an existing name) and DELETE one policy by name. Operators.</summary>
    public const string Policy = "/v1/policies/{name}";

    /// <summary>GET a list of <see cref="AsrReplicatedMachine"/>. Operators.</summary>
    public const string Machines = "/v1/machines";

    /// <summary>GET one <see cref="AsrReplicatedMachine"/> by id. Operators.</summary>
    public const string Machine = "/v1/machines/{machineId}";

    /// <summary>PUT <see cref="ConsistencyGroupChange"/>, gives the changed <see cref="AsrReplicatedMachine"/>. Operators.</summary>
    public const string MachineConsistencyGroup = "/v1/machines/{machineId}/consistencygroup";

    /// <summary>POST <see cref="OperationRequest"/>, gives <see cref="AsrJob"/>. Operators.</summary>
    public const string MachineOperations = "/v1/machines/{machineId}/operations";

    /// <summary>
    /// GET a list of <see cref="AsrRecoveryPoint"/>, newest first; ?top=N, and ?until=TIME for only those at or before a time: a reader of all
    /// goes on at the time of the last one it got. Operators.
    /// </summary>
    public const string MachinePoints = "/v1/machines/{machineId}/points";

    /// <summary>
    /// GET the <see cref="AsrRecoveryPoint"/> that would be taken for ?time=T (ISO 8601): a point of the machine, or the newest instant of the continuous stream at
    /// or before T, which is shown and not stored. <see cref="AsrErrorCode.PointInTimeUnavailable"/> outside the stream. Operators.
    /// </summary>
    public const string MachinePointAt = "/v1/machines/{machineId}/points/at";

    /// <summary>PATCH with <see cref="RecoveryPointChange"/>, gives the changed <see cref="AsrRecoveryPoint"/>. Operators.</summary>
    public const string MachinePoint = "/v1/machines/{machineId}/points/{pointId}";

    /// <summary>GET a list of <see cref="AsrRecoveryPointMount"/>; POST <see cref="MountRequest"/>, gives one. Operators.</summary>
    public const string Mounts = "/v1/mounts";

    /// <summary>DELETE ends a mount and throws away what was written to it; one that is not there is no error. Operators.</summary>
    public const string Mount = "/v1/mounts/{mountId}";

    /// <summary>POST <see cref="VaultCheckRequest"/>, gives <see cref="AsrJob"/>. Operators.</summary>
    public const string VaultChecks = "/v1/vault/checks";

    /// <summary>GET a list of <see cref="AsrJob"/>, newest first; ?top=N. Operators.</summary>
    public const string Jobs = "/v1/jobs";

    /// <summary>GET one <see cref="AsrJob"/>; ?knownRevision=N waits up to 10 s for a newer one. Operators.</summary>
    public const string Job = "/v1/jobs/{jobId}";

    /// <summary>
    /// POST, no body: stops a job that may be stopped half-way, gives it as <see cref="AsrJob"/> while it takes back what it has made. One that has ended stays as it
    /// is. Operators.
    /// </summary>
    public const string JobCancellation = "/v1/jobs/{jobId}/cancel";

    /// <summary>GET a list of <see cref="AsrEvent"/>, newest first; ?top=N. Operators.</summary>
    public const string Events = "/v1/events";

    /// <summary>POST, no body: stops the appliance in order. Operators.</summary>
    public const string Shutdown = "/v1/appliance/shutdown";

    /// <summary>POST <see cref="AgentReport"/>. Agents.</summary>
    public const string AgentReport = "/v1/agent/report";

    /// <summary>GET <see cref="AgentAssignment"/>; ?knownRevision=N waits up to 10 s for a newer one. Agents.</summary>
    public const string AgentAssignment = "/v1/agent/assignment";

    /// <summary>
    /// POST <see cref="ConsistencyStep"/>, gives <see cref="ConsistencyOrder"/>; one that says to wait is held back up to 10 s. Agents.
    /// </summary>
    public const string AgentConsistency = "/v1/agent/consistency";

    /// <summary>POST <see cref="RenewAgentCertificateRequest"/>, gives <see cref="EnrollAgentResponse"/> for the same machine. Agents.</summary>
    public const string AgentCertificate = "/v1/agent/certificate";

    // Data port: agents only; a disk is open only to its own machine's agent.

    /// <summary>POST <see cref="OpenSessionRequest"/>, gives <see cref="ReplicationSession"/>.</summary>
    public const string DiskSessions = "/v1/disks/{diskId}/sessions";

    /// <summary>POST one batch (application/octet-stream), gives <see cref="ShipReceipt"/>.</summary>
    public const string DiskBatches = "/v1/disks/{diskId}/batches";

    /// <summary>GET <see cref="ShipReceipt"/>: how far the current epoch (?epoch=N) has come.</summary>
    public const string DiskProgress = "/v1/disks/{diskId}/progress";

    /// <summary>POST <see cref="DigestRequest"/>, gives the hashes one after another (application/octet-stream).</summary>
    public const string DiskDigests = "/v1/disks/{diskId}/digests";

    /// <summary>GET the raw content of a disk at a point; ?offset=&amp;length= (application/octet-stream).</summary>
    public const string DiskPointData = "/v1/disks/{diskId}/points/{pointId}/data";

    /// <summary>POST <see cref="PublishPointRequest"/>, gives the published <see cref="AsrRecoveryPoint"/>.</summary>
    public const string PublishPoint = "/v1/points";
}
