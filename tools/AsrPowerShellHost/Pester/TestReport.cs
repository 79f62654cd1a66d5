using System;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace Asr.PowerShellHost.Pester;

/// <summary>Writes what happens as Pester's detailed output does.</summary>
internal sealed class TestReport(PSHostUserInterface output, bool isSilent)
{
    public void Begin(TestBlock block)
    {
        if (!block.IsRoot)
        {
            Write(ConsoleColor.Green, $"{IndentOf(block)}{(IndentOf(block).Length == 0 ? "Describing" : "Context")} {block.ExpandedName}");
        }
    }

    public void End(TestCase test)
    {
        string indent = IndentOf(test);
        switch (test.Result)
        {
            case "Passed":
                Write(ConsoleColor.DarkGreen, $"{indent}[+] {test.ExpandedName}");
                break;
            case "Skipped":
                string reason = test.ErrorRecord.Count > 0 ? $" {test.ErrorRecord[0]}" : "";
                Write(ConsoleColor.Yellow, $"{indent}[!] {test.ExpandedName}{reason}");
                break;
            default:
                Write(ConsoleColor.Red, $"{indent}[-] {test.ExpandedName}");
                WriteError(indent, test.ErrorRecord[^1]);
                break;
        }
    }

    public void Fail(TestBlock block, ErrorRecord error)
    {
        Write(ConsoleColor.Red, $"{IndentOf(block)}[-] {(block.IsRoot ? block.Name : block.ExpandedPath)} failed");
        WriteError(IndentOf(block), error);
    }

    public void Fail(string file, ErrorRecord error)
    {
        Write(ConsoleColor.Red, $"[-] Discovery in {file} failed with:");
        WriteError("", error);
    }

    public void End(TestRun run) => Write(
        run.Result == "Passed" ? ConsoleColor.Green : ConsoleColor.Red,
        $"Tests Passed: {run.PassedCount}, Failed: {run.FailedCount}, Skipped: {run.SkippedCount}, NotRun: {run.NotRunCount}");

    private static string IndentOf(TestNode node)
    {
        int depth = 0;
        for (TestBlock? block = node.Block; block is { IsRoot: false }; block = block.Block)
        {
            depth++;
        }

        return new string(' ', depth * 2);
    }

    private void WriteError(string indent, ErrorRecord error)
    {
        string text = $"{error}\n{error.ScriptStackTrace}".TrimEnd();
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n').Where(line => !line.Contains("<No file>")))
        {
            Write(ConsoleColor.Red, $"{indent}    {line}");
        }
    }

    private void Write(ConsoleColor colour, string line)
    {
        if (!isSilent)
        {
            output.WriteLine(colour, ConsoleColor.Black, line);
        }
    }
}
