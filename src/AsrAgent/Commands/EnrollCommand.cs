using System;
using System.CommandLine;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Enrollment;
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
        Option<string> appliance = new("--appliance") { Description = "Address of the appliance's control port: https://host:port.", Required = true };
        Option<string?> name = new("--name") { Description = "Name of the machine. Default: the host name." };
        Option<string> state = AgentCommandLine.StateOption();
        Command command = new("enroll", "Enroll this machine with an appliance. Reads the appliance's one-time token from standard input.") { appliance, state, name };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(appliance), parsed.GetRequiredValue(state), parsed.GetValue(name), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string appliance, string state, string? name, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(appliance, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme != Uri.UriSchemeHttps)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"'{appliance}' is not the address of an appliance.", "Use https://host:port.", appliance);
        }

        string token = await ReadTokenAsync(Console.In, cancellationToken).ConfigureAwait(false);
        StateFolder folder = StateFolder.OpenOrCreate(state);
        using StateLock stateLock = StateLock.Take(folder);
        AgentIdentity identity = await new AgentEnrollment(folder, TimeProvider.System)
            .EnrollAsync(endpoint, token, name, cancellationToken).ConfigureAwait(false);
        AgentCommandLine.WriteLine(new { identity.MachineId, identity.MachineName, identity.ControlEndpoint, identity.DataEndpoint });
        return 0;
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
