using System;
using Asr.PowerShellHost.Hosting;

// The engine reads this once, when it starts; nothing is ever sent from a build machine.
Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");

if (!HostArguments.TryParse(args, out HostArguments? arguments, out string problem))
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(HostArguments.Usage);
    return HostArguments.BadUsageExitCode;
}

return ScriptRunner.Run(arguments);
