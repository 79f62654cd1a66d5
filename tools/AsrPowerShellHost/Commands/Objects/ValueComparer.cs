using System;
using System.Collections.Generic;
using System.Globalization;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Orders any two values as PowerShell does: numbers by value, text by culture, null first.</summary>
internal sealed class ValueComparer(bool isCaseSensitive) : IComparer<object?>, IEqualityComparer<object?>
{
    public int Compare(object? x, object? y)
    {
        return LanguagePrimitives.TryCompare(x, y, !isCaseSensitive, CultureInfo.CurrentCulture, out int order)
            ? order
            : string.Compare(TextOf(x), TextOf(y), CultureInfo.CurrentCulture, OptionsOf(isCaseSensitive));
    }

    bool IEqualityComparer<object?>.Equals(object? x, object? y) =>
        LanguagePrimitives.Equals(x, y, !isCaseSensitive, CultureInfo.InvariantCulture);

    // Values that are equal may be of different types (1 and '1'), so they are hashed by their text.
    int IEqualityComparer<object?>.GetHashCode(object? value) =>
        StringComparer.OrdinalIgnoreCase.GetHashCode(TextOf(value));

    private static string TextOf(object? value) => LanguagePrimitives.ConvertTo<string>(value) ?? "";

    private static CompareOptions OptionsOf(bool isCaseSensitive) =>
        isCaseSensitive ? CompareOptions.None : CompareOptions.IgnoreCase;
}
