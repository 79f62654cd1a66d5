using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Engine.Capture;

/// <summary>Brings a machine's applications to rest for the instant of a point. One rest at a time.</summary>
public interface IApplicationQuiescence
{
    /// <summary>Brings them to rest; when it throws, all are released again.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.AppConsistencyFailed"/>.</exception>
    Task<IApplicationRest> RestAsync(CancellationToken cancellationToken);
}

/// <summary>Applications at rest. To be released whatever happens, and soon: they may refuse writes meanwhile.</summary>
public interface IApplicationRest
{
    /// <summary>How many were prepared. With none, what is at rest is only what has been frozen.</summary>
    int Prepared { get; }

    /// <summary>Lets them go on. What went wrong in that, or had gone wrong before, or null.</summary>
    Task<AsrError?> ReleaseAsync();
}
