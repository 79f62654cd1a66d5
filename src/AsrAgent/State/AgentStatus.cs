using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.Agent.State;

/// <summary>What a running agent does, as it writes it to its state folder every second.</summary>
internal sealed record AgentStatus
{
    /// <summary>When this was written.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Id of the agent's process.</summary>
    public int ProcessId { get; init; }

    /// <summary>Id of the machine.</summary>
    public Guid MachineId { get; init; }

    /// <summary>Name of the machine.</summary>
    public string MachineName { get; init; } = "";

    /// <summary>The appliance it reports to.</summary>
    public Uri? ControlEndpoint { get; init; }

    /// <summary>When the appliance last took a report, or null when it has not since the start.</summary>
    public DateTimeOffset? LastContact { get; init; }

    /// <summary>When the agent's certificate ends.</summary>
    public DateTimeOffset? CertificateEnds { get; init; }

    /// <summary>What it reports to the appliance.</summary>
    public AgentReport Report { get; init; } = new();

    /// <summary>The last recovery point published since the start, or null.</summary>
    public AsrRecoveryPoint? LastPoint { get; init; }

    /// <summary>What keeps it from talking to the appliance, or null.</summary>
    public AsrError? ConnectionError { get; init; }
}
