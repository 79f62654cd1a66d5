using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text.RegularExpressions;

namespace Asr.PowerShellHost.Pester;

/// <summary>The comparisons of Should.</summary>
internal static class ShouldOperators
{
    public static bool Holds(PSCmdlet command, string name, object? actual, object? expected) => name switch
    {
        "Be" => AreEqual(actual, expected, ignoreCase: true),
        "BeExactly" => AreEqual(actual, expected, ignoreCase: false),
        "BeTrue" => LanguagePrimitives.IsTrue(actual),
        "BeFalse" => !LanguagePrimitives.IsTrue(actual),
        "BeNullOrEmpty" => IsNullOrEmpty(actual),
        "BeOfType" => TypeOf(expected).IsInstanceOfType(actual),
        "BeGreaterThan" => Compare(actual, expected) > 0,
        "BeGreaterOrEqual" => Compare(actual, expected) >= 0,
        "BeLessThan" => Compare(actual, expected) < 0,
        "BeLessOrEqual" => Compare(actual, expected) <= 0,
        "Match" => Regex.IsMatch(ShouldValue.Text(actual), ShouldValue.Text(expected), RegexOptions.IgnoreCase),
        "MatchExactly" => Regex.IsMatch(ShouldValue.Text(actual), ShouldValue.Text(expected)),
        "BeLike" => IsLike(actual, expected, WildcardOptions.IgnoreCase),
        "BeLikeExactly" => IsLike(actual, expected, WildcardOptions.None),
        "Contain" => ShouldValue.Items(actual).Any(item => AreEqual(item, expected, ignoreCase: true)),
        "BeIn" => ShouldValue.Items(expected).Any(item => AreEqual(item, actual, ignoreCase: true)),
        "HaveCount" => ShouldValue.Items(actual).Length == LanguagePrimitives.ConvertTo<int>(expected),
        "Exist" => command.InvokeProvider.Item.Exists(ShouldValue.Text(actual)),
        "FileContentMatch" => FileMatches(command, ShouldValue.Text(actual), ShouldValue.Text(expected)),
        _ => throw new PSArgumentException($"The operator -{name} is not known."),
    };

    public static string Describe(string name, object? actual, object? expected, bool isNegated, string? because)
    {
        string verb = Regex.Replace(name, "(?<=[a-z])(?=[A-Z])", " ").ToLowerInvariant();
        bool hasExpected = name is not ("BeTrue" or "BeFalse" or "BeNullOrEmpty" or "Exist");
        string negation = isNegated ? "not " : "";
        string operand = hasExpected ? $" {ShouldValue.Show(expected)}" : "";
        string reason = because is null ? "" : $", because {because}";
        return $"Expected value to {negation}{verb}{operand}{reason}, but got {ShouldValue.Show(actual)}.";
    }

    private static bool AreEqual(object? actual, object? expected, bool ignoreCase)
    {
        if (!ShouldValue.IsCollection(actual) && !ShouldValue.IsCollection(expected))
        {
            return LanguagePrimitives.Equals(actual, expected, ignoreCase, CultureInfo.InvariantCulture);
        }

        object?[] left = ShouldValue.Items(actual);
        object?[] right = ShouldValue.Items(expected);
        return left.Length == right.Length
            && left.Zip(right).All(pair => AreEqual(
                ShouldValue.Bare(pair.First), ShouldValue.Bare(pair.Second), ignoreCase));
    }

    private static int Compare(object? actual, object? expected) =>
        LanguagePrimitives.Compare(actual, expected, ignoreCase: true, CultureInfo.InvariantCulture);

    private static bool IsNullOrEmpty(object? actual) =>
        actual is null or "" || (ShouldValue.IsCollection(actual) && ShouldValue.Items(actual).All(item => item is null));

    private static bool IsLike(object? actual, object? expected, WildcardOptions options) =>
        new WildcardPattern(ShouldValue.Text(expected), options).IsMatch(ShouldValue.Text(actual));

    private static Type TypeOf(object? expected) => expected as Type
        ?? LanguagePrimitives.ConvertTo<Type>(ShouldValue.Text(expected).Trim('[', ']'));

    private static bool FileMatches(PSCmdlet command, string path, string pattern)
    {
        string file = command.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
        return File.ReadLines(file).Any(line => Regex.IsMatch(line, pattern, RegexOptions.IgnoreCase));
    }
}
