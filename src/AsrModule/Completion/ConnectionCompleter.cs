using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Module.Connections;

namespace Asr.Module.Completion;

/// <summary>
/// Completes from the vault that the command would use. Someone waits with a finger on Tab: after two seconds, or on any failure, it
/// offers nothing and says nothing.
/// </summary>
public abstract class ConnectionCompleter : IArgumentCompleter
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        AsrConnection? connection = fakeBoundParameters["Connection"] switch
        {
            AsrConnection given => given,
            PSObject { BaseObject: AsrConnection given } => given,
            _ => DefaultConnection.Current,
        };
        if (connection?.ApplianceUri is null)
        {
            return Array.Empty<CompletionResult>();
        }

        string word = wordToComplete.Trim('\'', '"');
        return Ask(connection, fakeBoundParameters)
            .Where(result => result.ListItemText.StartsWith(word, StringComparison.OrdinalIgnoreCase)
                || result.CompletionText.StartsWith(word, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Everything that could be given, before the word typed so far is compared.</summary>
    private protected abstract Task<IEnumerable<CompletionResult>> ListAsync(
        AsrConnection connection, IDictionary boundParameters, CancellationToken cancellationToken);

    /// <summary>A name as an argument, quoted where it must be.</summary>
    private protected static CompletionResult Offer(string value, string shown, string toolTip)
    {
        string text = value.IndexOfAny(new[] { ' ', '\'', '"', '$', '`', ';', '(', ')', '{', '}', '|', '&', ',', '#', '@' }) < 0
            ? value
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'";
        return new CompletionResult(text, shown, CompletionResultType.ParameterValue, toolTip);
    }

    private IEnumerable<CompletionResult> Ask(AsrConnection connection, IDictionary boundParameters)
    {
        using CancellationTokenSource limit = new(s_patience);
        try
        {
            return Task.Run(() => ListAsync(connection, boundParameters, limit.Token)).GetAwaiter().GetResult();
        }
        catch (Exception error) when (error is AsrException or OperationCanceledException or ObjectDisposedException)
        {
            return Array.Empty<CompletionResult>();
        }
    }
}
