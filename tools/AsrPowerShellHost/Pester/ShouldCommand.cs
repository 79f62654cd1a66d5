using System;
using System.Collections.Generic;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>Should: compares what is piped in with what is expected. A mismatch ends the test.</summary>
[Cmdlet(VerbsLifecycle.Assert, "Should")]
[Alias("Should")]
public sealed partial class ShouldCommand : PSCmdlet
{
    private readonly List<object?> _input = [];

    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? ActualValue { get; set; }

    [Parameter(Position = 0)]
    [Alias("ExpectedType", "RegularExpression", "ExpectedContent")]
    [AllowNull]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object? ExpectedValue { get; set; }

    [Parameter]
    public string? Because { get; set; }

    [Parameter]
    public SwitchParameter Not { get; set; }

    [Parameter(ParameterSetName = nameof(Throw))]
    public string? ExpectedMessage { get; set; }

    [Parameter(ParameterSetName = nameof(Throw))]
    public string? ErrorId { get; set; }

    [Parameter(ParameterSetName = nameof(Throw))]
    public Type? ExceptionType { get; set; }

    [Parameter(ParameterSetName = nameof(Throw))]
    public SwitchParameter PassThru { get; set; }

    protected override void ProcessRecord()
    {
        if (MyInvocation.ExpectingInput || MyInvocation.BoundParameters.ContainsKey(nameof(ActualValue)))
        {
            _input.Add(ActualValue);
        }
    }

    protected override void EndProcessing()
    {
        // A pipeline of one is that one; of none or several, the collection of them.
        object? actual = _input.Count == 1 ? ShouldValue.Bare(_input[0]) : _input.ToArray();
        object? expected = ShouldValue.Bare(ExpectedValue);
        if (Throw)
        {
            CheckThrow(actual as ScriptBlock);
            return;
        }

        if (ShouldOperators.Holds(this, ParameterSetName, actual, expected) == Not)
        {
            Fail(ShouldOperators.Describe(ParameterSetName, actual, expected, Not, Because));
        }
    }

    private void CheckThrow(ScriptBlock? script)
    {
        if (script is null)
        {
            Fail("Expected a script block to run for -Throw, but got something else.");
            return;
        }

        ThrowExpectation expectation = new(ExpectedMessage ?? ExpectedValue?.ToString(), ErrorId, ExceptionType);
        ErrorRecord? error = ThrowExpectation.ErrorOf(this, script);
        if (expectation.IsMetBy(error) == Not)
        {
            Fail(expectation.Describe(error, Not, Because));
        }

        if (PassThru && error is not null)
        {
            WriteObject(error);
        }
    }

    private void Fail(string message) => ThrowTerminatingError(new ErrorRecord(
        new AssertionFailedException(message), "PesterAssertionFailed", ErrorCategory.InvalidResult, targetObject: null));
}

/// <summary>A test's expectation was not met.</summary>
public sealed class AssertionFailedException(string message) : Exception(message);
