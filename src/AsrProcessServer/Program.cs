using System.CommandLine;
using System.CommandLine.Invocation;
using System.Linq;
using Asr.Contracts;
using Asr.ProcessServer.Commands;

RootCommand root = new("The appliance: takes changes from mobility agents into a vault and brings machines up from it.")
{
    VaultCommands.Create(),
    RunCommand.Create(),
};
ParseResult parsed = root.Parse(args);

// Signals belong to the host, which stops in order; the parser would end the process after two seconds.
return parsed.Action is ParseErrorAction
    ? await Answers.RunAsync(() => throw new AsrException(AsrErrorCode.InvalidArgument, string.Join(" ", parsed.Errors.Select(error => error.Message)), "See --help."))
    : await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
