using System;
using System.Collections.Generic;

namespace Asr.Contracts;

/// <summary>Asks for an operation on a machine. The id of the request becomes the id of the job: repeating it is harmless.</summary>
public sealed record OperationRequest
{
    /// <summary>Chosen by the caller.</summary>
    public Guid RequestId { get; init; }

    /// <summary>What to do.</summary>
    public MachineOperation Operation { get; init; }

    /// <summary>Policy to protect under (EnableReplication).</summary>
    public string? PolicyName { get; init; }

    /// <summary>Consistency group to join (EnableReplication); null for none.</summary>
    public string? ConsistencyGroup { get; init; }

    /// <summary>Disks to protect, or to export, by id; null for all (EnableReplication, ExportRecoveryPoint).</summary>
    public IReadOnlyList<Guid>? DiskIds { get; init; }

    /// <summary>Point to use; null for the latest (failovers, ChangeRecoveryPoint, ExportRecoveryPoint).</summary>
    public Guid? RecoveryPointId { get; init; }

    /// <summary>
    /// Any second instead of a point (TestFailover, UnplannedFailover, ChangeRecoveryPoint, ExportRecoveryPoint): what <see cref="AsrRoutes.MachinePointAt"/> shows for this time is
    /// published as a recovery point and used.
    /// </summary>
    public DateTimeOffset? PointInTime { get; init; }

    /// <summary>Folder on the appliance for disk files; null for a folder of the appliance's own (failovers). ExportRecoveryPoint needs one.</summary>
    public string? Folder { get; init; }

    /// <summary>Write the disks out as files as well, not only as exports (TestFailover). A failover always does.</summary>
    public bool Materialize { get; init; }

    /// <summary>What the files are to be (ExportRecoveryPoint).</summary>
    public DiskImageFormat Format { get; init; }

    /// <summary>Replace files that are there, once the new ones are whole (ExportRecoveryPoint).</summary>
    public bool Overwrite { get; init; }

    /// <summary>Bring applications to rest for the point (CreateRecoveryPoint).</summary>
    public bool AppConsistent { get; init; }

    /// <summary>How fast the disks are read at most, in bytes a second (VerifyReplication); null for <see cref="ReplicationLimits.VerificationBytesPerSecondDefault"/>.</summary>
    public long? BytesPerSecondMax { get; init; }

    /// <summary>What is to be checked (CheckVault); filled by the appliance.</summary>
    public VaultCheckRequest? VaultCheck { get; init; }
}

/// <summary>
/// Asks for a check of the vault: every object is read and verified. The id of the request becomes the id of the job: repeating it is harmless. A check of the same scope
/// that was stopped is gone on with.
/// </summary>
public sealed record VaultCheckRequest
{
    /// <summary>Chosen by the caller.</summary>
    public Guid RequestId { get; init; }

    /// <summary>Only this machine's part of the vault; null for all of it.</summary>
    public Guid? MachineId { get; init; }

    /// <summary>Begin anew even where an earlier check was stopped.</summary>
    public bool Restart { get; init; }

    /// <summary>Resynchronise the machines whose newest state is affected, where their source can be reached.</summary>
    public bool Repair { get; init; }
}

/// <summary>Asks for the disks of a recovery point as exports. The id of the request becomes the id of the mount: repeating it is harmless.</summary>
public sealed record MountRequest
{
    /// <summary>How long a mount lives unless asked otherwise, in seconds: 8 hours.</summary>
    public const int LifetimeSecondsDefault = 8 * 3600;

    /// <summary>How long a mount can live at most, in seconds: 15 days, as long as the oldest point.</summary>
    public const int LifetimeSecondsMax = 15 * 86_400;

    /// <summary>Chosen by the caller.</summary>
    public Guid RequestId { get; init; }

    /// <summary>The machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>The point; null for the latest.</summary>
    public Guid? RecoveryPointId { get; init; }

    /// <summary>Any second instead of a point: what <see cref="AsrRoutes.MachinePointAt"/> shows for this time is published as a recovery point and mounted.</summary>
    public DateTimeOffset? PointInTime { get; init; }

    /// <summary>Disks of the point by id; null for all.</summary>
    public IReadOnlyList<Guid>? DiskIds { get; init; }

    /// <summary>Refuse writes instead of keeping them apart.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>Seconds after which the appliance ends the mount.</summary>
    public int LifetimeSeconds { get; init; } = LifetimeSecondsDefault;

    /// <summary>Folder on the appliance's host to attach the disks below, with their file systems mounted; null for exports only.</summary>
    public string? Folder { get; init; }

    /// <summary>Mount the file systems so that they can be written; what is written is thrown away with the mount.</summary>
    public bool IsFolderWritable { get; init; }
}

/// <summary>Puts a machine into a consistency group.</summary>
public sealed record ConsistencyGroupChange
{
    /// <summary>Name of the group; null takes the machine out of the one it is in.</summary>
    public string? ConsistencyGroup { get; init; }
}

/// <summary>Changes what a person has noted on a recovery point. What is null stays.</summary>
public sealed record RecoveryPointChange
{
    /// <summary>True keeps the point whatever the policy says, false leaves it to the policy again.</summary>
    public bool? Pinned { get; init; }

    /// <summary>The new name, see <see cref="RecoveryPointName"/>; empty takes it away.</summary>
    public string? Name { get; init; }
}

/// <summary>Enrolls an agent.</summary>
public sealed record EnrollAgentRequest
{
    /// <summary>One-time token.</summary>
    public string Token { get; init; } = "";

    /// <summary>Name of the machine.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>
    /// The machine that this agent was enrolled as before, to enroll it anew (an expired certificate, a moved appliance) without losing its
    /// replication; null at first. A machine that this vault does not know is refused.
    /// </summary>
    public Guid? MachineId { get; init; }

    /// <summary>PKCS#10 request, PEM. The private key stays with the agent.</summary>
    public string CertificateRequestPem { get; init; } = "";
}

/// <summary>What an agent keeps from its enrollment.</summary>
public sealed record EnrollAgentResponse
{
    /// <summary>Id of the machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>The agent's certificate, PEM.</summary>
    public string CertificatePem { get; init; } = "";

    /// <summary>The authority's certificate, PEM.</summary>
    public string AuthorityPem { get; init; } = "";

    /// <summary>Base address of the data port.</summary>
    public string DataEndpoint { get; init; } = "";
}

/// <summary>Asks for a new certificate before the present one, which authenticates the request, expires.</summary>
public sealed record RenewAgentCertificateRequest
{
    /// <summary>PKCS#10 request, PEM, with a new key. The subject is taken from the present certificate, not from the request.</summary>
    public string CertificateRequestPem { get; init; } = "";
}

/// <summary>Enrolls an operator: someone who knows the passphrase.</summary>
public sealed record EnrollOperatorRequest
{
    /// <summary>The vault's passphrase.</summary>
    public string Passphrase { get; init; } = "";

    /// <summary>Who it is, for the job log.</summary>
    public string UserName { get; init; } = "";
}

/// <summary>An operator's credentials.</summary>
public sealed record EnrollOperatorResponse
{
    /// <summary>Certificate with private key, PKCS#12 without password, base64. Short-lived; keep it in memory.</summary>
    public string Pkcs12 { get; init; } = "";
}

/// <summary>A token that enrolls one agent once.</summary>
public sealed record AsrEnrollmentToken
{
    /// <summary>
    /// The secret, with the fingerprint of the authority's certificate, so that an agent can tell the right appliance
    /// from a wrong one at first contact.
    /// </summary>
    public string Token { get; init; } = "";

    /// <summary>When it ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>An appliance, as it describes itself.</summary>
public sealed record AsrAppliance
{
    /// <summary>Product version.</summary>
    public string Version { get; init; } = "";

    /// <summary>Id of the vault it serves.</summary>
    public Guid VaultId { get; init; }

    /// <summary>Where the vault is.</summary>
    public string VaultLocation { get; init; } = "";

    /// <summary>Base address for the module and for agents' control.</summary>
    public string ControlEndpoint { get; init; } = "";

    /// <summary>Base address for replication data.</summary>
    public string DataEndpoint { get; init; } = "";

    /// <summary>Process id on its host.</summary>
    public int ProcessId { get; init; }

    /// <summary>When it started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>SHA-256 of the authority's certificate, upper-case hex: what callers pin.</summary>
    public string AuthorityFingerprint { get; init; } = "";

    /// <summary>Bytes waiting in the spool for the vault.</summary>
    public long SpoolBytes { get; init; }
}

/// <summary>A vault, as its document describes it.</summary>
public sealed record AsrVault
{
    /// <summary>Id.</summary>
    public Guid Id { get; init; }

    /// <summary>Where it is: a folder, or the address of a blob container.</summary>
    public string Location { get; init; } = "";

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>SHA-256 of the authority's certificate, upper-case hex.</summary>
    public string AuthorityFingerprint { get; init; } = "";

    /// <summary>Appliances that registered themselves in the vault, last started first; one may have gone without a word. Filled by "asr-appliance vault show".</summary>
    public IReadOnlyList<AsrAppliance> Appliances { get; init; } = Array.Empty<AsrAppliance>();
}

