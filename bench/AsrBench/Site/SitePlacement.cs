namespace Asr.Bench.Site;

/// <summary>Where agent, appliance and vault run, as seen from the workload whose disk they protect.</summary>
/// <param name="Agent">Command that starts the agent, before its own; empty for none.</param>
/// <param name="Appliance">Command that starts the appliance, before its own; empty for none.</param>
/// <param name="VaultRoot">Folder for the vault and the appliance's working files; null for the site's own, on the disk of all others.</param>
internal sealed record SitePlacement(string Agent, string Appliance, string? VaultRoot)
{
    /// <summary>Command that keeps the workload off the core that the others have in <see cref="Apart"/>.</summary>
    public const string WorkloadApart = "taskset -c 0";

    /// <summary>All on the same cores and the same disk.</summary>
    public static SitePlacement Beside { get; } = new("", "", null);

    /// <summary>
    /// As near as one machine comes to a protected machine with an idle core and an appliance elsewhere: the workload has the first core, the agent the second with the
    /// priorities of its unit. The appliance takes what is left of the second, and its vault is in memory.
    /// </summary>
    public static SitePlacement Apart { get; } = new("taskset -c 1 nice -n 5 ionice -c 2 -n 7", "taskset -c 1 nice -n 19", "/dev/shm");
}
