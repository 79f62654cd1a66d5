using System;

namespace Asr.Contracts;

/// <summary>
/// An error a caller can act on. <see cref="Exception.Message"/> says what was wrong and where; <see cref="Action"/> says what to do.
/// </summary>
public class AsrException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="code">The stable id.</param>
    /// <param name="message">What was wrong and where, in one sentence.</param>
    /// <param name="action">What to do about it, in one sentence; null when nothing useful can be said.</param>
    /// <param name="target">The item concerned: a name, id or path.</param>
    /// <param name="inner">The cause.</param>
    public AsrException(AsrErrorCode code, string message, string? action = null, string? target = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        Action = action;
        Target = target;
    }

    /// <summary>The stable id.</summary>
    public AsrErrorCode Code { get; }

    /// <summary>What to do about it, or null.</summary>
    public string? Action { get; }

    /// <summary>The item concerned, or null.</summary>
    public string? Target { get; }
}
