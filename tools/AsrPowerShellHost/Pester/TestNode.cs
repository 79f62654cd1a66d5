using System.Collections;
using System.Collections.Generic;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Asr.PowerShellHost.Pester;

/// <summary>What blocks and tests have in common: a name, data of their -ForEach, tags and errors.</summary>
public abstract class TestNode
{
    private protected TestNode(string name, TestBlock? parent, object? data, string[] tags, bool isSkipped)
    {
        Name = name;
        ExpandedName = name;
        Block = parent;
        Data = data;
        Tag = [.. parent?.Tag ?? [], .. tags];
        Skip = isSkipped || parent is { Skip: true };
    }

    /// <summary>The name as written, with its templates.</summary>
    public string Name { get; }

    /// <summary>The name with the values of its templates, known once it runs.</summary>
    public string ExpandedName { get; internal set; }

    public string ExpandedPath =>
        Block is { IsRoot: false } ? $"{Block.ExpandedPath}.{ExpandedName}" : ExpandedName;

    /// <summary>The block around this one; null for a file's root.</summary>
    public TestBlock? Block { get; }

    public object? Data { get; }

    /// <summary>Own tags and those of every block around.</summary>
    public string[] Tag { get; }

    public bool Skip { get; }

    public List<ErrorRecord> ErrorRecord { get; } = [];

    /// <summary>The name as text for ExpandString, or null when it has no templates.</summary>
    public string? NameTemplate => Name.Contains('<') ? TemplatePattern.Replace(Escape(Name), "$($$$1)") : null;

    /// <summary>What the data is called in the block's or test's own scope.</summary>
    public IEnumerable<KeyValuePair<string, object?>> Variables()
    {
        if (Data is null)
        {
            yield break;
        }

        yield return new KeyValuePair<string, object?>("_", Data);
        object bare = Data is PSObject wrapped ? wrapped.BaseObject : Data;
        foreach (DictionaryEntry entry in bare as IDictionary ?? new Hashtable())
        {
            yield return new KeyValuePair<string, object?>(entry.Key.ToString()!, entry.Value);
        }
    }

    private static Regex TemplatePattern { get; } = new("<([^<>]+)>", RegexOptions.Compiled);

    private static string Escape(string text) => text.Replace("`", "``").Replace("$", "`$").Replace("\"", "`\"");
}
