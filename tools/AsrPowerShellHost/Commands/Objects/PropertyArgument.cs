using System;
using System.Collections;
using System.Linq;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>
/// One value of a -Property parameter: a name with or without wildcards, a script block, or a table with the keys
/// Name (or Label), Expression, Ascending and Descending.
/// </summary>
internal sealed class PropertyArgument
{
    private static readonly string[] Keys = ["Name", "Label", "Expression", "Ascending", "Descending"];

    private PropertyArgument(PSPropertyExpression expression, string? name, bool? isDescending)
    {
        Expression = expression;
        GivenName = name;
        IsDescending = isDescending;
    }

    public PSPropertyExpression Expression { get; }

    /// <summary>The name given with a calculated property; null when it goes by its expression.</summary>
    public string? GivenName { get; }

    /// <summary>The order asked for by the table's own key; null when it has none.</summary>
    public bool? IsDescending { get; }

    public static PropertyArgument[] ParseAll(object[]? arguments) => [.. (arguments ?? []).Select(Parse)];

    /// <summary>The value of the first match on <paramref name="item"/>; null when there is none or it fails.</summary>
    public object? ValueOn(PSObject item) => Expression.GetValues(item).FirstOrDefault()?.Result;

    private static PropertyArgument Parse(object argument) =>
        (argument is PSObject wrapped ? wrapped.BaseObject : argument) switch
        {
            IDictionary table => ParseTable(table),
            ScriptBlock script => new PropertyArgument(new PSPropertyExpression(script), name: null, isDescending: null),
            object value => new PropertyArgument(
                new PSPropertyExpression(LanguagePrimitives.ConvertTo<string>(value)), name: null, isDescending: null),
        };

    private static PropertyArgument ParseTable(IDictionary table)
    {
        string? name = null;
        object? expression = null;
        bool? isDescending = null;
        foreach (DictionaryEntry entry in table)
        {
            // As in PowerShell, a key may be shortened: n, l, e, asc, desc.
            string given = LanguagePrimitives.ConvertTo<string>(entry.Key);
            string? key = Keys.FirstOrDefault(key => key.StartsWith(given, StringComparison.OrdinalIgnoreCase));
            switch (key)
            {
                case "Name" or "Label":
                    name = LanguagePrimitives.ConvertTo<string>(entry.Value);
                    break;
                case "Expression":
                    expression = entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value;
                    break;
                case "Ascending":
                    isDescending = !LanguagePrimitives.IsTrue(entry.Value);
                    break;
                case "Descending":
                    isDescending = LanguagePrimitives.IsTrue(entry.Value);
                    break;
                default:
                    throw new PSArgumentException($"The key '{given}' is not valid in a calculated property.");
            }
        }

        PSPropertyExpression parsed = expression is ScriptBlock script
            ? new PSPropertyExpression(script)
            : new PSPropertyExpression(LanguagePrimitives.ConvertTo<string>(expression ?? name));
        return new PropertyArgument(parsed, name, isDescending);
    }
}
