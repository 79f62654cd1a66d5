using System.Collections.Generic;

namespace Asr.PowerShellHost.Hosting;

/// <summary>Commands that are plainest as PowerShell itself.</summary>
internal static class HostFunctions
{
    public static IReadOnlyDictionary<string, string> All { get; } = new Dictionary<string, string>
    {
        ["mkdir"] = """
            param([Parameter(Mandatory, Position = 0, ValueFromPipeline)] [string[]] $Path, [switch] $Force)
            process { New-Item -ItemType Directory -Path $Path -Force:$Force }
            """,
    };
}
