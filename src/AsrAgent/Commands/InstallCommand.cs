using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.Disks;
using Asr.Agent.Service;
using Asr.Agent.Settings;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent install</c>: makes the agent a service of this system.</summary>
internal static class InstallCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string?> appliance = new("--appliance") { Description = "Address of the appliance's control port: https://host:port." };
        Option<string?> state = new("--state") { Description = $"The state folder. Default: {AgentSettings.DefaultState}." };
        Option<bool?> machineDisks = new("--machine-disks") { Description = "true to protect every whole disk of the machine, which is the default; false for the named ones only." };
        Option<string[]> exclude = new("--exclude") { Description = "A disk to leave out: a path below /dev, also with '*' and '?'. May be repeated; adds to those set.", AllowMultipleArgumentsPerToken = true };
        Option<string[]> disks = new("--disk") { Description = "A disk named one by one: NAME=PATH or NAME=PATH@LISTEN. May be repeated; adds to those set.", AllowMultipleArgumentsPerToken = true };
        Option<string> root = RootOption();
        Command command = new("install", "Make the agent a service of this system. May be repeated: what is there is kept, settings given are changed.") { appliance, state, machineDisks, exclude, disks, root };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(root),
            settings => settings with
            {
                Appliance = parsed.GetValue(appliance) is { } address ? ApplianceAddress.Parse(address) : settings.Appliance,
                State = parsed.GetValue(state) is { } folder ? Path.GetFullPath(folder) : settings.State,
                MachineDisks = parsed.GetValue(machineDisks) ?? settings.MachineDisks,
                Exclude = Add(settings.Exclude, parsed.GetValue(exclude), DiskExclusion.Check),
                Disks = AddDisks(settings.Disks, parsed.GetValue(disks)),
            },
            cancellationToken));
        return command;
    }

    /// <summary>The system to work on.</summary>
    public static Option<string> RootOption() => new("--root") { Description = "Folder of a system that does not run, such as an image; nothing is started or stopped there.", DefaultValueFactory = _ => "/" };

    /// <summary>Prints what was done and what is left to do.</summary>
    public static void Print(ServiceReport report)
    {
        foreach (string line in report.Done)
        {
            Console.Out.WriteLine(line);
        }

        foreach (string line in report.Left)
        {
            Console.Out.WriteLine("left to do: " + line);
        }
    }

    private static async Task<int> RunAsync(string root, Func<AgentSettings, AgentSettings> change, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new AsrException(AsrErrorCode.OperationNotAllowed, "The agent is a service on Linux only.", "Run asr-agent install on the Linux machine to protect.");
        }

        // With 'dotnet asr-agent.dll' the process is dotnet; the program lies beside the assembly either way.
        string program = Path.Combine(AppContext.BaseDirectory, ServiceLayout.ServiceName);
        Print(await new ServiceInstaller(new ServiceLayout(root), new ServiceManager()).InstallAsync(change, program, cancellationToken).ConfigureAwait(false));
        return 0;
    }

    private static IReadOnlyList<string> AddDisks(IReadOnlyList<string> known, string[]? added)
    {
        IReadOnlyList<string> disks = Add(known, added, text => DiskOption.Parse(text));
        DiskOption.RequireDistinct([.. disks.Select(DiskOption.Parse)]);
        return disks;
    }

    private static List<string> Add(IReadOnlyList<string> known, string[]? added, Action<string> check)
    {
        Array.ForEach(added ?? [], check);
        return [.. known.Union(added ?? [], StringComparer.Ordinal)];
    }
}
