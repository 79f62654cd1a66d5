using System;
using System.Collections;
using System.Linq;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>Values as assertions see and show them.</summary>
internal static class ShouldValue
{
    private const int ItemsShownMax = 10;

    /// <summary>The value without the engine's wrapper, which a record made of properties alone keeps.</summary>
    public static object? Bare(object? value) =>
        value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;

    public static bool IsCollection(object? value) => value is IEnumerable and not string and not IDictionary;

    /// <summary>The items of a collection; any other value is its own only item.</summary>
    public static object?[] Items(object? value) =>
        IsCollection(value) ? [.. ((IEnumerable)value!).Cast<object?>().Select(Bare)] : [value];

    public static string Text(object? value) => LanguagePrimitives.ConvertTo<string>(value) ?? "";

    public static string Show(object? value)
    {
        object? bare = Bare(value);
        if (IsCollection(bare))
        {
            object?[] items = Items(bare);
            string more = items.Length > ItemsShownMax ? $", ... ({items.Length} items)" : "";
            return $"@({string.Join(", ", items.Take(ItemsShownMax).Select(Show))}{more})";
        }

        return bare switch
        {
            null => "$null",
            bool flag => flag ? "$true" : "$false",
            string text => $"'{text}'",
            Type type => $"[{type}]",
            _ => Text(bare),
        };
    }
}
