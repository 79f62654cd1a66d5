using System;
using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Enrollment;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Commands;

/// <summary><c>asr-agent enroll</c>: makes this machine known to an appliance and stores the identity it gets.</summary>
internal static class EnrollCommand
{
    /// <summary>Describes the command.</summary>
    public static Command Create()
    {
        Option<string> appliance = new("--appliance") { Description = "Address of the appliance's control port: https://host:port.", Required = true };
        Option<string> token = new("--token") { Description = "One-time token of the appliance.", Required = true };
        Option<string?> name = new("--name") { Description = "Name of the machine. Default: the host name." };
        Option<string> state = AgentCommandLine.StateOption();
        Command command = new("enroll", "Enroll this machine with an appliance.") { appliance, token, state, name };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetRequiredValue(appliance), parsed.GetRequiredValue(token), parsed.GetRequiredValue(state), parsed.GetValue(name), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string appliance, string token, string state, string? name, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(appliance, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme != Uri.UriSchemeHttps)
        {
            throw new AsrException(AsrErrorCode.InvalidArgument, $"'{appliance}' is not the address of an appliance.", "Use https://host:port.", appliance);
        }

        StateFolder folder = StateFolder.OpenOrCreate(state);
        using StateLock stateLock = StateLock.Take(folder);
        AgentIdentity identity = await new AgentEnrollment(folder, TimeProvider.System)
            .EnrollAsync(endpoint, token, name, cancellationToken).ConfigureAwait(false);
        AgentCommandLine.WriteLine(new { identity.MachineId, identity.MachineName, identity.ControlEndpoint, identity.DataEndpoint });
        return 0;
    }
}
