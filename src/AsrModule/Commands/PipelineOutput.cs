using System;
using System.Collections.Concurrent;
using System.Management.Automation;
using System.Threading;

namespace Asr.Module.Commands;

/// <summary>
/// What a worker wants written. PowerShell takes output on the pipeline's thread only, so the worker posts here and the
/// pipeline's thread writes. Bounded: a slow pipeline slows the worker down.
/// </summary>
internal sealed class PipelineOutput : IDisposable
{
    private const int PostsMax = 64;

    private readonly BlockingCollection<Action<Cmdlet>> _posts = new(PostsMax);
    private readonly CancellationToken _stopping;

    public PipelineOutput(CancellationToken stopping) => _stopping = stopping;

    public void WriteObject(object item) => Post(cmdlet => cmdlet.WriteObject(item));

    public void WriteError(ErrorRecord error) => Post(cmdlet => cmdlet.WriteError(error));

    public void WriteProgress(ProgressRecord progress) => Post(cmdlet => cmdlet.WriteProgress(progress));

    public void WriteVerbose(string text) => Post(cmdlet => cmdlet.WriteVerbose(text));

    /// <summary>The worker has ended; <see cref="WriteTo"/> returns after what it posted.</summary>
    public void Complete() => _posts.CompleteAdding();

    /// <summary>Writes until the worker has ended. On the pipeline's thread.</summary>
    public void WriteTo(Cmdlet cmdlet)
    {
        foreach (Action<Cmdlet> post in _posts.GetConsumingEnumerable())
        {
            post(cmdlet);
        }
    }

    public void Dispose() => _posts.Dispose();

    private void Post(Action<Cmdlet> post) => _posts.Add(post, _stopping);
}
