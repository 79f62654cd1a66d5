using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Text;

namespace Microsoft.PowerShell.Commands;

/// <summary>The CSV dialect of PowerShell: every field quoted, quotes doubled.</summary>
internal static class CsvText
{
    /// <summary>The lines of a table: its header, then a line for each item, by the first item's properties.</summary>
    public static IEnumerable<string> Write(IReadOnlyList<PSObject> items, char delimiter)
    {
        if (items.Count == 0)
        {
            yield break;
        }

        string[] names = ColumnsOf(items[0]);
        yield return string.Join(delimiter, names.Select(Quote));
        foreach (PSObject item in items)
        {
            yield return string.Join(delimiter, names.Select(name => Quote(ValueOf(item, name))));
        }
    }

    /// <summary>The records of a text with a header line. Quoted fields may hold line ends.</summary>
    public static IEnumerable<PSObject> Read(string text, char delimiter)
    {
        string[]? header = null;
        foreach (string[] row in ReadRows(text, delimiter))
        {
            if (header is null)
            {
                header = row;
                continue;
            }

            PSObject record = new();
            for (int i = 0; i < header.Length; i++)
            {
                record.Properties.Add(new PSNoteProperty(header[i], i < row.Length ? row[i] : null));
            }

            yield return record;
        }
    }

    private static IEnumerable<string[]> ReadRows(string text, char delimiter)
    {
        List<string> row = [];
        StringBuilder field = new();
        bool isQuoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (isQuoted && character == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (character == '"')
            {
                isQuoted = !isQuoted;
            }
            else if (!isQuoted && (character == delimiter || character == '\n'))
            {
                row.Add(field.ToString());
                field.Clear();
                if (character == '\n')
                {
                    yield return [.. row];
                    row.Clear();
                }
            }
            else if (isQuoted || character != '\r')
            {
                field.Append(character);
            }
        }

        if (field.Length > 0 || row.Count > 0)
        {
            yield return [.. row, field.ToString()];
        }
    }

    private static string[] ColumnsOf(PSObject item) => item.BaseObject is IDictionary table
        ? [.. table.Keys.Cast<object>().Select(LanguagePrimitives.ConvertTo<string>)]
        : [.. item.Properties.Select(property => property.Name)];

    private static object? ValueOf(PSObject item, string name) =>
        item.BaseObject is IDictionary table ? table[name] : item.Properties[name]?.Value;

    private static string Quote(object? value) =>
        value is null ? "" : $"\"{LanguagePrimitives.ConvertTo<string>(value).Replace("\"", "\"\"")}\"";
}
