using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Linq;
using System.Management.Automation.Runspaces;
using System.Text.RegularExpressions;

namespace Asr.PowerShellHost.Hosting;

/// <summary>What to run, taken from the command line as <c>pwsh</c> takes it.</summary>
internal sealed partial class HostArguments
{
    /// <summary>The exit code of <c>pwsh</c> for a command line it cannot use.</summary>
    public const int BadUsageExitCode = 64;

    public const string Usage =
        "Usage: asr-pshost [-NoProfile] [-NonInteractive] ([-File] script.ps1 [-Name value ...] | -Command text)";

    private HostArguments()
    {
    }

    /// <summary>The text of -Command; null when a file is to run.</summary>
    public string? CommandText { get; private init; }

    /// <summary>The full path of the script to run; empty with -Command.</summary>
    public string ScriptPath { get; private init; } = "";

    public IReadOnlyList<CommandParameter> ScriptParameters { get; private init; } = [];

    public bool IsNonInteractive { get; private init; }

    public static bool TryParse(
        string[] args, [NotNullWhen(true)] out HostArguments? arguments, out string problem)
    {
        arguments = null;
        problem = "Nothing to run: name a script file, or give -Command.";
        bool nonInteractive = false;
        for (int i = 0; i < args.Length; i++)
        {
            string[] rest = args[(i + 1)..];
            switch (args[i].ToLowerInvariant())
            {
                case "-noprofile" or "-nop" or "-nologo":
                    continue;
                case "-noninteractive" or "-noni":
                    nonInteractive = true;
                    continue;
                case "-command" or "-c" when rest.Length > 0:
                    arguments = new HostArguments { CommandText = string.Join(' ', rest), IsNonInteractive = nonInteractive };
                    return true;
                case "-file" or "-f" when rest.Length > 0:
                    return TryParseFile(rest[0], rest[1..], nonInteractive, out arguments, out problem);
                case string option when option.StartsWith('-'):
                    problem = $"The option '{args[i]}' is not known here, or has no value.";
                    return false;
                default:
                    return TryParseFile(args[i], rest, nonInteractive, out arguments, out problem);
            }
        }

        return false;
    }

    private static bool TryParseFile(
        string path, string[] scriptArgs, bool nonInteractive, out HostArguments? arguments, out string problem)
    {
        arguments = null;
        string fullPath = Path.GetFullPath(path);
        if (!File.Exists(fullPath))
        {
            problem = $"The script file '{path}' does not exist.";
            return false;
        }

        problem = "";
        arguments = new HostArguments
        {
            ScriptPath = fullPath,
            ScriptParameters = [.. scriptArgs.Select(ToScriptParameter)],
            IsNonInteractive = nonInteractive,
        };
        return true;
    }

    /// <summary>Parameter names stay names; everything else is passed as the very string it is.</summary>
    private static CommandParameter ToScriptParameter(string argument)
    {
        Match parameter = ParameterPattern().Match(argument);
        if (!parameter.Success)
        {
            return new CommandParameter(name: null, argument);
        }

        string name = parameter.Groups["name"].Value;
        string value = parameter.Groups["value"].Value;
        return value.ToLowerInvariant() switch
        {
            // The dash is kept: the engine then takes the value, if one is needed, from what follows.
            "" => new CommandParameter(name),
            "$true" => new CommandParameter(name[1..], true),
            "$false" => new CommandParameter(name[1..], false),
            _ => new CommandParameter(name[1..], value),
        };
    }

    [GeneratedRegex(@"^(?<name>-[A-Za-z_]\w*)(:(?<value>.*))?$", RegexOptions.Singleline)]
    private static partial Regex ParameterPattern();
}
