using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.ProcessServer.Recovery;

/// <summary>A machine brought up at the recovery site, with what is needed to bring its exports back after a restart and to remove it without a trace.</summary>
public sealed record SiteCopy
{
    /// <summary>The job that made it; part of the names of its working files.</summary>
    public Guid JobId { get; init; }

    /// <summary>The copy as shown. Export addresses are filled in when it is shown: they belong to the running process.</summary>
    public FailoverCopy Copy { get; init; } = new();

    /// <summary>The position in its stream that each disk was made from.</summary>
    public IReadOnlyList<DiskBase> Bases { get; init; } = [];

    /// <summary>True when the folder did not exist before, so that removing the copy removes it too.</summary>
    public bool FolderCreated { get; init; }
}
