using System;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>A command on items named by wildcard paths or by literal paths.</summary>
public abstract class PathCommand : PSCmdlet
{
    protected const string PathSet = "Path";
    protected const string LiteralPathSet = "LiteralPath";

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = PathSet,
        ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public virtual string[] Path { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>True when the paths given are to be taken as they are.</summary>
    protected bool IsLiteral => ParameterSetName == LiteralPathSet;

    /// <summary>The paths given, by whichever of the two parameters.</summary>
    protected string[] GivenPaths => IsLiteral ? LiteralPath : Path;

    /// <summary>Runs <paramref name="action"/> for one path; its failure is that path's error, and the next goes on.</summary>
    protected void ForPath(string path, Action action)
    {
        try
        {
            action();
        }
        catch (PipelineStoppedException)
        {
            throw;
        }
        catch (RuntimeException error)
        {
            WriteError(new ErrorRecord(error.ErrorRecord, error));
        }
        catch (Exception error) when (error is System.IO.IOException or UnauthorizedAccessException)
        {
            WriteError(new ErrorRecord(error, "ItemAccessFailure", ErrorCategory.InvalidOperation, path));
        }
    }

    /// <summary>The full path of each existing item that <paramref name="path"/> means.</summary>
    protected string[] ResolveExisting(string path)
    {
        string pattern = IsLiteral ? WildcardPattern.Escape(path) : path;
        return [.. SessionState.Path.GetResolvedPSPathFromPSPath(pattern).Select(found => found.Path)];
    }

    /// <summary>The file system paths of each existing item that <paramref name="path"/> means.</summary>
    protected string[] ResolveFiles(string path)
    {
        string pattern = IsLiteral ? WildcardPattern.Escape(path) : path;
        return [.. SessionState.Path.GetResolvedProviderPathFromPSPath(pattern, out _)];
    }
}
