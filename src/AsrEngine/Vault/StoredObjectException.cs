using Asr.Contracts;

namespace Asr.Engine.Vault;

/// <summary>One stored object is damaged or not there.</summary>
public sealed class StoredObjectException : AsrException
{
    internal StoredObjectException(AsrErrorCode code, in SegmentName name, string message, string action)
        : base(code, message, action, SegmentErrors.Describe(name)) => Object = name;

    /// <summary>The same again, for another who meets it.</summary>
    internal StoredObjectException(StoredObjectException known)
        : base(known.Code, known.Message, known.Action, known.Target, known) => Object = known.Object;

    /// <summary>The object.</summary>
    public SegmentName Object { get; }
}
