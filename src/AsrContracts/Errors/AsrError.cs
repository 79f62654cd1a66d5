namespace Asr.Contracts;

/// <summary>An <see cref="AsrException"/> as data: the body of every failed HTTP request and the error of a job or task.</summary>
public sealed record AsrError
{
    /// <summary>The stable id.</summary>
    public AsrErrorCode Code { get; init; }

    /// <summary>What was wrong and where.</summary>
    public string Message { get; init; } = "";

    /// <summary>What to do about it, or null.</summary>
    public string? Action { get; init; }

    /// <summary>The item concerned, or null.</summary>
    public string? Target { get; init; }

    /// <summary>The data of an exception; anything but <see cref="AsrException"/> becomes <see cref="AsrErrorCode.Internal"/>.</summary>
    public static AsrError From(System.Exception error) => error is AsrException known
        ? new AsrError { Code = known.Code, Message = known.Message, Action = known.Action, Target = known.Target }
        : new AsrError { Code = AsrErrorCode.Internal, Message = error.Message };

    /// <summary>The error as an exception, to rethrow on this side of the wire.</summary>
    public AsrException ToException() => new(Code, Message, Action, Target);
}
