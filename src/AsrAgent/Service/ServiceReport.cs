using System.Collections.Generic;

namespace Asr.Agent.Service;

/// <summary>What was done, and what is left to the administrator, as lines to print.</summary>
internal sealed class ServiceReport
{
    private readonly List<string> _done = [];
    private readonly List<string> _left = [];

    /// <summary>What was done.</summary>
    public IReadOnlyList<string> Done => _done;

    /// <summary>What is left to do.</summary>
    public IReadOnlyList<string> Left => _left;

    /// <summary>Adds what was done.</summary>
    public void NoteDone(string what) => _done.Add(what);

    /// <summary>Adds what is left to do.</summary>
    public void NoteLeft(string what) => _left.Add(what);
}
