using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Asr.Contracts;

namespace Asr.Module.Processes;

/// <summary>The product's programs, laid out beside the module in <c>bin</c>.</summary>
internal static class ProductExecutable
{
    public const string Appliance = "asr-appliance";

    /// <summary>A start of the program with redirected streams and quoted arguments.</summary>
    public static ProcessStartInfo CreateStart(string program, params string[] arguments) => CreateStartOf(Find(program), arguments);

    /// <summary>The same in a session of its own: Ctrl-C in this terminal, or closing it, does not reach the program.</summary>
    public static ProcessStartInfo CreateDetachedStart(string program, params string[] arguments)
    {
        string path = Find(program);
        string? setsid = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);
        return RuntimeInformation.IsOSPlatform(OSPlatform.Windows) || setsid is null
            ? CreateStartOf(path, arguments)
            : CreateStartOf(setsid, new[] { path }.Concat(arguments).ToArray());
    }

    private static ProcessStartInfo CreateStartOf(string path, string[] arguments) => new(path)
    {
        Arguments = string.Join(" ", arguments.Select(Quote)),
        UseShellExecute = false,
        CreateNoWindow = true,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private static string Find(string program)
    {
        string folder = Path.Combine(Path.GetDirectoryName(typeof(ProductExecutable).Assembly.Location)!, "bin");
        string path = Path.Combine(folder, RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? program + ".exe" : program);
        return File.Exists(path) ? path : throw new AsrException(
            AsrErrorCode.ApplianceStartFailed,
            $"The program '{program}' is not in '{folder}'.",
            "Use the module as it was built or installed, with its bin folder.",
            path);
    }

    // .NET Standard 2.0 has no argument list; both platforms' runtimes take this quoting apart again.
    private static string Quote(string argument)
    {
        if (argument.Length > 0 && argument.IndexOfAny(new[] { ' ', '\t', '\n', '"' }) < 0)
        {
            return argument;
        }

        StringBuilder quoted = new("\"");
        int backslashes = 0;
        foreach (char c in argument)
        {
            if (c == '\\')
            {
                backslashes++;
                continue;
            }

            // Backslashes count double only before a quote.
            quoted.Append('\\', c == '"' ? (backslashes * 2) + 1 : backslashes).Append(c);
            backslashes = 0;
        }

        return quoted.Append('\\', backslashes * 2).Append('"').ToString();
    }
}
