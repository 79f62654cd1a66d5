using System.Collections.Generic;

namespace Asr.Agent.Settings;

/// <summary>The names of the settings in the file. docs/agent.md describes each.</summary>
internal static class SettingName
{
    public const string Appliance = "appliance";
    public const string State = "state";
    public const string MachineDisks = "machineDisks";
    public const string Exclude = "exclude";
    public const string Disks = "disks";

    /// <summary>All of them, in the order in which they are written.</summary>
    public static IReadOnlyList<string> All { get; } = [Appliance, State, MachineDisks, Exclude, Disks];
}
