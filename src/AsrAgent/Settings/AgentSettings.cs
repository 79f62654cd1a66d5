using System;
using System.Collections.Generic;
using Asr.Agent.Disks;

namespace Asr.Agent.Settings;

/// <summary>What the administrator of a machine has set, as <see cref="AgentSettingsReader"/> reads it. Immutable; a missing setting has its default.</summary>
internal sealed record AgentSettings
{
    /// <summary>Where the settings are unless <c>--settings</c> says otherwise.</summary>
    public const string DefaultPath = "/etc/asr-agent/agent.json";

    /// <summary>Where the agent keeps its state unless the settings or <c>--state</c> say otherwise.</summary>
    public const string DefaultState = "/var/lib/asr-agent";

    /// <summary>Base address of the appliance's control port, which <c>asr-agent enroll</c> takes when none is given; null for none.</summary>
    public Uri? Appliance { get; init; }

    /// <summary>Absolute path of the state folder.</summary>
    public string State { get; init; } = DefaultState;

    /// <summary>True to protect every whole disk of the machine that is not excluded, those included that are added later.</summary>
    public bool MachineDisks { get; init; } = true;

    /// <summary>Disks to leave out: paths below /dev, which may be links and may have the wildcards '*' and '?'.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Disks that are named one by one, in the form of <see cref="DiskOption"/>.</summary>
    public IReadOnlyList<string> Disks { get; init; } = [];
}
