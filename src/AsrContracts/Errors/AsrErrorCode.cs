namespace Asr.Contracts;

/// <summary>
/// Stable error identifiers, the same on the wire, in logs and as the PowerShell error id. Names and numbers never change meaning;
/// new ones are added at the end of their block of a hundred.
/// </summary>
public enum AsrErrorCode
{
    /// <summary>A fault of the product itself; the log of the component holds the details.</summary>
    Internal = 1,

    /// <summary>A value in the request is missing, malformed or out of range.</summary>
    InvalidArgument = 2,

    /// <summary>The named thing does not exist in this vault.</summary>
    NotFound = 3,

    /// <summary>A thing with this name exists already.</summary>
    AlreadyExists = 4,

    /// <summary>The document changed since it was read; read it again and retry.</summary>
    Conflict = 5,

    /// <summary>The operation is not legal in the machine's present state.</summary>
    OperationNotAllowed = 6,

    /// <summary>The thing is still used by another one, e.g. a policy by a machine.</summary>
    InUse = 7,

    /// <summary>The work was stopped by the caller.</summary>
    Cancelled = 8,

    /// <summary>The work did not end in its time.</summary>
    TimedOut = 9,

    /// <summary>The consistency group has as many machines as one may have.</summary>
    ConsistencyGroupFull = 10,

    /// <summary>The machines of a consistency group are all under one policy, and this one is under another.</summary>
    ConsistencyGroupPolicyDiffers = 11,

    /// <summary>No vault document at the given place.</summary>
    VaultNotFound = 100,

    /// <summary>The passphrase does not open this vault.</summary>
    WrongPassphrase = 101,

    /// <summary>The vault's format is newer than this software reads.</summary>
    VaultVersionUnsupported = 102,

    /// <summary>The vault's storage is out of reach or refuses reads or writes.</summary>
    VaultUnavailable = 103,

    /// <summary>The vault's storage has no space left.</summary>
    VaultFull = 104,

    /// <summary>A vault document is not what it should be.</summary>
    VaultDocumentCorrupt = 105,

    /// <summary>A segment failed its checks: damaged, truncated, swapped or replayed.</summary>
    SegmentCorrupt = 106,

    /// <summary>A segment that a recovery point needs is absent.</summary>
    SegmentMissing = 107,

    /// <summary>Another writer took the disk over; this writer's epoch is fenced.</summary>
    WriterFenced = 108,

    /// <summary>The recovery point's data is not (or no longer) reachable.</summary>
    RecoveryPointUnavailable = 109,

    /// <summary>A recovery point is inside its immutability window: neither it nor its data can be removed yet.</summary>
    RecoveryPointImmutable = 110,

    /// <summary>The time asked for lies outside what can be opened at any second; the message names the nearest times on both sides.</summary>
    PointInTimeUnavailable = 111,

    /// <summary>The disk cannot be opened or read.</summary>
    DiskUnreadable = 200,

    /// <summary>The disk is smaller or larger than when it was protected.</summary>
    DiskSizeChanged = 201,

    /// <summary>The disk refuses writes in its present role.</summary>
    DiskReadOnly = 202,

    /// <summary>The disk's size or shape is not supported.</summary>
    DiskUnsupported = 203,

    /// <summary>The disk is used by another process.</summary>
    DiskBusy = 204,

    /// <summary>The storage below the disk has no space left.</summary>
    DiskFull = 205,

    /// <summary>The file systems of a machine could not all be brought to rest for one instant, or did not stay there long enough.</summary>
    QuiesceFailed = 206,

    /// <summary>A script that prepares an application for a recovery point is refused, failed or did not end in time.</summary>
    AppConsistencyFailed = 207,

    /// <summary>A disk of the machine that was there before is there no more.</summary>
    DiskGone = 208,

    /// <summary>The system does not offer what a kind of capture needs.</summary>
    CaptureUnavailable = 209,

    /// <summary>The machines of a consistency group were not all at rest at one moment, or the round that was to bring that about is over.</summary>
    ConsistencyRoundFailed = 210,

    /// <summary>A batch of changes breaks the format or its bounds, or fails its hashes.</summary>
    BatchMalformed = 300,

    /// <summary>A batch does not follow the last one received.</summary>
    SequenceGap = 301,

    /// <summary>The process server does not hold this session (it restarted, or another one took over); open a new one.</summary>
    SessionLost = 302,

    /// <summary>The process server's spool is at its limit; send later.</summary>
    SpoolFull = 303,

    /// <summary>The peer broke the NBD protocol.</summary>
    NbdProtocol = 304,

    /// <summary>No NBD export has this name.</summary>
    NbdExportUnknown = 305,

    /// <summary>The caller has no valid certificate of this appliance's authority.</summary>
    Unauthenticated = 400,

    /// <summary>The caller's certificate is valid and not enough for this request.</summary>
    Forbidden = 401,

    /// <summary>The enrollment token is unknown, used up or expired.</summary>
    TokenInvalid = 402,

    /// <summary>The certificate has expired or is not valid yet.</summary>
    CertificateExpired = 403,

    /// <summary>The certificate was issued by another authority.</summary>
    CertificateForeign = 404,

    /// <summary>Too many failed attempts from this address; wait before the next one.</summary>
    TooManyAttempts = 405,

    /// <summary>The appliance cannot be reached.</summary>
    ApplianceUnreachable = 500,

    /// <summary>The appliance process did not start.</summary>
    ApplianceStartFailed = 501,

    /// <summary>No connection: run Connect-AsrVault first.</summary>
    NotConnected = 502,

    /// <summary>The mobility agent does not answer.</summary>
    AgentUnreachable = 503,

    /// <summary>A job ended in failure; its tasks say why.</summary>
    JobFailed = 504,

    /// <summary>The target of a failover cannot be written.</summary>
    TargetUnavailable = 505,

    /// <summary>A program that this needs is not installed on the appliance's host; the message names its Debian package.</summary>
    ToolMissing = 506,

    /// <summary>A disk could not be attached to the appliance's host, or not be detached from it.</summary>
    AttachFailed = 507,
}
