using System;
using System.CommandLine;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Appliance;
using Asr.Agent.Enrollment;
using Asr.Agent.Service;
using Asr.Agent.Settings;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary>
/// <c>asr-agent enroll</c>: makes this machine known to an appliance and stores the identity it gets. The one-time token comes on standard input: every user of the machine can read
/// the arguments of a process.
/// </summary>
internal static class EnrollCommand
{
    // A token has about 150 characters.
    private const int TokenCharactersMax = 1024;

    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string?> appliance = new("--appliance") { Description = "Address of the appliance's control port: https://host:port. Default: the settings'." };
        Option<string?> name = new("--name") { Description = "Name of the machine. Default: the host name." };
        Option<string?> settings = AgentCommandLine.SettingsOption();
        Option<string?> state = AgentCommandLine.StateOption();
        Command command = new("enroll", "Enroll this machine with an appliance. Reads the appliance's one-time token from standard input.") { settings, appliance, state, name };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            AgentSettingsReader.Load(parsed.GetValue(settings)), parsed.GetValue(appliance), parsed.GetValue(state), parsed.GetValue(name), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(AgentSettings settings, string? appliance, string? state, string? name, CancellationToken cancellationToken)
    {
        Uri endpoint = (appliance is null ? settings.Appliance : ApplianceAddress.Parse(appliance)) ?? throw new AsrException(
            AsrErrorCode.InvalidArgument, "No appliance is named.", $"Use --appliance https://host:port, or set '{SettingName.Appliance}' in the settings.");
        string token = await ReadTokenAsync(Console.In, cancellationToken).ConfigureAwait(false);
        StateFolder folder = StateFolder.OpenOrCreate(state ?? settings.State);
        AgentIdentity identity;
        using (StateLock.Take(folder))
        {
            identity = await new AgentEnrollment(folder, TimeProvider.System).EnrollAsync(endpoint, token, name, cancellationToken).ConfigureAwait(false);
        }

        AgentCommandLine.WriteLine(new EnrolledMachine(identity.MachineId, identity.MachineName, identity.ControlEndpoint, identity.DataEndpoint));
        if (folder.Path == settings.State)
        {
            await StartServiceAsync(cancellationToken).ConfigureAwait(false);
        }

        return 0;
    }

    // The service of this very state folder has waited for the identity. Enrollment has succeeded whatever becomes of the start.
    private static async Task StartServiceAsync(CancellationToken cancellationToken)
    {
        AgentService service = new(new ServiceManager());
        if (!await service.IsInstalledAsync(cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            await service.RestartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (AsrException error)
        {
            await Console.Error.WriteLineAsync($"The machine is enrolled, but its service was not started: {error.Message}").ConfigureAwait(false);
        }
    }

    private static async Task<string> ReadTokenAsync(TextReader input, CancellationToken cancellationToken)
    {
        if (!Console.IsInputRedirected)
        {
            await Console.Error.WriteAsync("Token: ".AsMemory(), cancellationToken).ConfigureAwait(false);
        }

        char[] text = new char[TokenCharactersMax];
        int count = 0;
        while (count < text.Length && Array.IndexOf(text, '\n', 0, count) < 0)
        {
            int read = await input.ReadAsync(text.AsMemory(count), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            count += read;
        }

        // More than a line of it is no token either; what was read is enough to refuse it.
        string token = new string(text, 0, count).Trim();
        return token.Length > 0
            ? token
            : throw new AsrException(
                AsrErrorCode.InvalidArgument, "There is no token on standard input.", "Make one with New-AsrEnrollmentToken and pipe it to asr-agent enroll.");
    }
}
