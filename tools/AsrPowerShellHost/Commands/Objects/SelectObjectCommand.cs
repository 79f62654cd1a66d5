using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Select-Object.</summary>
[Cmdlet(VerbsCommon.Select, "Object", DefaultParameterSetName = "Default")]
public sealed class SelectObjectCommand : PSCmdlet
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly Queue<PSObject> _last = new();
    private PropertyArgument[] _properties = [];
    private long _index;
    private long _written;

    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    [Parameter(Position = 0)]
    public object[]? Property { get; set; }

    [Parameter]
    public string[] ExcludeProperty { get; set; } = [];

    [Parameter]
    public string? ExpandProperty { get; set; }

    [Parameter]
    public SwitchParameter Unique { get; set; }

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int First { get; set; } = -1;

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Last { get; set; } = -1;

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int Skip { get; set; }

    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int SkipLast { get; set; }

    [Parameter]
    public int[]? Index { get; set; }

    protected override void BeginProcessing()
    {
        object[]? given = Property is null && ExcludeProperty.Length > 0 ? ["*"] : Property;
        _properties = PropertyArgument.ParseAll(given);
    }

    protected override void ProcessRecord()
    {
        if (InputObject is null || First == 0)
        {
            return;
        }

        long index = _index++;
        if (Last >= 0 || SkipLast > 0)
        {
            Hold(InputObject);
        }
        else if (index >= Skip && (Index is null || Index.Contains((int)index)))
        {
            Emit(InputObject);
        }

        if (First >= 0 && _written >= First)
        {
            PipelineEnd.StopUpstream(this);
        }
    }

    protected override void EndProcessing()
    {
        if (Last < 0)
        {
            return;
        }

        // With -Last, -Skip counts from the end.
        PSObject[] held = [.. _last];
        foreach (PSObject item in held.SkipLast(Skip))
        {
            Emit(item);
        }
    }

    private void Hold(PSObject item)
    {
        _last.Enqueue(item);
        int limit = Last >= 0 ? Last + Skip : SkipLast;
        if (_last.Count <= limit)
        {
            return;
        }

        PSObject oldest = _last.Dequeue();
        if (Last < 0)
        {
            Emit(oldest);
        }
    }

    private void Emit(PSObject item)
    {
        if (ExpandProperty is not null)
        {
            Expand(item);
            return;
        }

        Write(_properties.Length > 0 ? Project(item) : item);
    }

    private void Expand(PSObject item)
    {
        List<PSPropertyExpressionResult> values = new PSPropertyExpression(ExpandProperty).GetValues(item);
        if (values.Count == 0)
        {
            WriteError(new ErrorRecord(
                new PSArgumentException($"Property \"{ExpandProperty}\" cannot be found."),
                "ExpandPropertyNotFound", ErrorCategory.InvalidArgument, item));
        }

        foreach (PSPropertyExpressionResult value in values.Where(value => value.Exception is null))
        {
            IEnumerable? many = LanguagePrimitives.GetEnumerable(value.Result);
            foreach (object? one in many ?? new[] { value.Result })
            {
                Write(one);
            }
        }
    }

    private PSObject Project(PSObject item)
    {
        PSObject result = new();
        result.TypeNames.Insert(0, "Selected." + item.TypeNames[0].Replace("Selected.", ""));
        foreach (PropertyArgument property in _properties)
        {
            List<PSPropertyExpression> resolved = property.Expression.ResolveNames(item);
            if (resolved.Count == 0 && !property.Expression.HasWildCardCharacters)
            {
                resolved = [property.Expression];
            }

            foreach (PSPropertyExpression expression in resolved)
            {
                string name = property.GivenName ?? expression.ToString();
                if (!IsExcluded(name) && result.Properties[name] is null)
                {
                    object? value = expression.GetValues(item).FirstOrDefault()?.Result;
                    result.Properties.Add(new PSNoteProperty(name, value));
                }
            }
        }

        return result;
    }

    private bool IsExcluded(string name) =>
        ExcludeProperty.Any(pattern => new WildcardPattern(pattern, WildcardOptions.IgnoreCase).IsMatch(name));

    private void Write(object? value)
    {
        if (Unique && !_seen.Add(IdentityOf(value)))
        {
            return;
        }

        if (First < 0 || _written < First)
        {
            _written++;
            WriteObject(value);
        }
    }

    /// <summary>Two values are the same when they look the same, property by property.</summary>
    private string IdentityOf(object? value) => value is PSObject { BaseObject: PSCustomObject } record
        ? string.Join('\u001f', record.Properties.Select(property => $"{property.Name}={property.Value}"))
        : LanguagePrimitives.ConvertTo<string>(value) ?? "";
}
