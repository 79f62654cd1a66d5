using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace Microsoft.PowerShell.Commands;

/// <summary>Import-PowerShellDataFile: the table in a .psd1 file, without running any code in it.</summary>
[Cmdlet(VerbsData.Import, "PowerShellDataFile", DefaultParameterSetName = PathSet)]
[OutputType(typeof(Hashtable))]
public sealed class ImportPowerShellDataFileCommand : PathCommand
{
    protected override void ProcessRecord()
    {
        foreach (string path in GivenPaths)
        {
            ForPath(path, () => Import(path));
        }
    }

    private void Import(string path)
    {
        foreach (string file in ResolveFiles(path))
        {
            ScriptBlockAst script = Parser.ParseFile(file, out _, out ParseError[] errors);
            Ast? table = errors.Length == 0 ? script.Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false) : null;
            if (table is not HashtableAst found)
            {
                throw new PSInvalidOperationException($"The file '{file}' could not be parsed as a PowerShell Data File.");
            }

            WriteObject(found.SafeGetValue());
        }
    }
}
