using System.Management.Automation;
using System.Reflection;

namespace Microsoft.PowerShell.Commands;

/// <summary>Add-Type for assemblies. Compiling source needs a compiler, which this host does not carry.</summary>
[Cmdlet(VerbsCommon.Add, "Type", DefaultParameterSetName = "FromSource")]
public sealed class AddTypeCommand : PSCmdlet
{
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "FromSource")]
    public string TypeDefinition { get; set; } = "";

    [Parameter(Mandatory = true, ParameterSetName = "FromAssemblyName")]
    [Alias("AN")]
    public string[] AssemblyName { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = "FromPath")]
    [Alias("LiteralPath", "PSPath")]
    public string[] Path { get; set; } = [];

    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override void EndProcessing()
    {
        if (ParameterSetName == "FromSource")
        {
            ThrowTerminatingError(new ErrorRecord(
                new PSNotSupportedException("This host cannot compile source code: load a built assembly with -Path."),
                "SourceCodeNotSupported", ErrorCategory.NotImplemented, targetObject: null));
        }

        foreach (string name in AssemblyName)
        {
            Show(Assembly.Load(new AssemblyName(name)));
        }

        foreach (string path in Path)
        {
            Show(Assembly.LoadFrom(SessionState.Path.GetUnresolvedProviderPathFromPSPath(path)));
        }
    }

    private void Show(Assembly assembly)
    {
        if (PassThru)
        {
            WriteObject(assembly.GetExportedTypes(), enumerateCollection: true);
        }
    }
}
