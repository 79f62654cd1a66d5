using System;
using System.Management.Automation;

namespace Microsoft.PowerShell.Commands;

/// <summary>Write-Error: a message, an exception or a whole error record.</summary>
[Cmdlet(VerbsCommunications.Write, "Error", DefaultParameterSetName = MessageSet)]
public sealed class WriteErrorCommand : PSCmdlet
{
    private const string MessageSet = "NoException";
    private const string ExceptionSet = "WithException";
    private const string RecordSet = "ErrorRecord";

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = MessageSet, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = ExceptionSet)]
    [Alias("Msg")]
    [AllowNull]
    [AllowEmptyString]
    public string? Message { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = ExceptionSet)]
    public Exception Exception { get; set; } = null!;

    [Parameter(Mandatory = true, ParameterSetName = RecordSet)]
    public ErrorRecord ErrorRecord { get; set; } = null!;

    [Parameter(ParameterSetName = MessageSet)]
    [Parameter(ParameterSetName = ExceptionSet)]
    public ErrorCategory Category { get; set; } = ErrorCategory.NotSpecified;

    [Parameter(ParameterSetName = MessageSet)]
    [Parameter(ParameterSetName = ExceptionSet)]
    public string? ErrorId { get; set; }

    [Parameter(ParameterSetName = MessageSet)]
    [Parameter(ParameterSetName = ExceptionSet)]
    public object? TargetObject { get; set; }

    [Parameter]
    public string? RecommendedAction { get; set; }

    protected override void ProcessRecord()
    {
        ErrorRecord record = ParameterSetName == RecordSet ? ErrorRecord : MakeRecord();
        if (Message is not null || RecommendedAction is not null)
        {
            record.ErrorDetails = new ErrorDetails(Message ?? record.Exception.Message)
            {
                RecommendedAction = RecommendedAction,
            };
        }

        // The failure is that of the script that reports it, so its `$?` becomes false too.
        WriteError(record);
    }

    private ErrorRecord MakeRecord()
    {
        Exception exception = Exception ?? new WriteErrorException(Message ?? "");
        return new ErrorRecord(exception, ErrorId ?? exception.GetType().FullName, Category, TargetObject);
    }
}

/// <summary>The exception of an error that was reported with a message only.</summary>
public sealed class WriteErrorException(string message) : SystemException(message);
