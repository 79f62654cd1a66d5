using System;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using Asr.Contracts;
using Asr.ProcessServer.Machines;
using Xunit;

namespace Asr.ProcessServer.Tests.Machines;

/// <summary>docs/states.md is the lifecycle as the code has it. Set ASR_UPDATE_DOCS=1 to write the page anew.</summary>
public sealed class StatesPageTests
{
    [Fact]
    public void The_page_shows_the_table_as_it_is()
    {
        string page = PagePath();
        string expected = Render();
        if (Environment.GetEnvironmentVariable("ASR_UPDATE_DOCS") == "1")
        {
            File.WriteAllText(page, expected);
        }
        Assert.True(
            File.ReadAllText(page) == expected,
            "docs/states.md is out of date. Run the tests of AsrProcessServer once with ASR_UPDATE_DOCS=1 and review what changed.");
    }

    private static string Render()
    {
        StringBuilder page = new();
        page.Append("""
            # States of a machine

            Printed from `src/AsrProcessServer/Machines/MachineLifecycle.cs` by `StatesPageTests`; do not edit.

            A test failover and making a recovery point stand beside the state: the row leads back to where it began. While a
            job runs on a machine, only the operations of the last table are accepted, and they end that job; an export stands beside it.

            | State | Trigger | Next state | Only if |
            |---|---|---|---|

            """);
        foreach (LifecycleTransition row in MachineLifecycle.Table())
        {
            string trigger = Enum.IsDefined((MachineOperation)row.Trigger) ? $"**{row.Trigger}**" : row.Trigger.ToString();
            page.Append($"| {row.From} | {trigger} | {row.To} | {row.Condition} |\n");
        }
        page.Append("\n**Bold** triggers are operations a person asks for; the others are found out by the system.\n");
        page.Append("\n## Operations that may end a running job\n\n| Operation | ends the job of |\n|---|---|\n");
        MachineOperation[] operations = Enum.GetValues<MachineOperation>();
        foreach (MachineOperation wanted in operations)
        {
            string running = string.Join(", ", operations.Where(running => MachineLifecycle.Supersedes(wanted, running)));
            if (running.Length > 0)
            {
                page.Append($"| {wanted} | {running} |\n");
            }
        }
        return page.ToString().ReplaceLineEndings("\n");
    }

    private static string PagePath([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "states.md"));
}
