using System;
using System.Linq;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>What Should -Throw asks of an error; a part that is not given always holds.</summary>
internal sealed record ThrowExpectation(string? Message, string? ErrorId, Type? ExceptionType)
{
    private static readonly ScriptBlock Run =
        ScriptBlock.Create("param($______script) try { $null = & $______script } catch { $_ }");

    /// <summary>The terminating error of the script, as a catch block sees it; null when it ran through.</summary>
    public static ErrorRecord? ErrorOf(PSCmdlet command, ScriptBlock script) =>
        command.InvokeCommand.InvokeScript(true, Run, null, script).LastOrDefault()?.BaseObject as ErrorRecord;

    public bool IsMetBy(ErrorRecord? error) =>
        error is not null
        && IsLike(MessageOf(error), Message)
        && IsLike(error.FullyQualifiedErrorId, ErrorId)
        && (ExceptionType is null || ExceptionType.IsInstanceOfType(error.Exception));

    public string Describe(ErrorRecord? error, bool isNegated, string? because)
    {
        string wanted = string.Concat(
            ExceptionType is null ? "" : $" of type [{ExceptionType}]",
            Message is null ? "" : $" with message like '{Message}'",
            ErrorId is null ? "" : $" with FullyQualifiedErrorId like '{ErrorId}'");
        string reason = because is null ? "" : $", because {because}";
        string found = error is null
            ? "no exception was thrown"
            : $"[{error.Exception.GetType()}] with message '{MessageOf(error)}' and id '{error.FullyQualifiedErrorId}' was thrown";
        return $"Expected {(isNegated ? "no" : "an")} exception{wanted} to be thrown{reason}, but {found}.";
    }

    // Pester compares with the exception's message, not with the details that may replace it on screen.
    private static string MessageOf(ErrorRecord error) => error.Exception.Message;

    private static bool IsLike(string text, string? pattern) =>
        pattern is null || new WildcardPattern(pattern, WildcardOptions.IgnoreCase).IsMatch(text);
}
