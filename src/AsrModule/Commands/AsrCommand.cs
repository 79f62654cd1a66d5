using System;
using System.Management.Automation;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Module.Commands;

/// <summary>
/// Base of every cmdlet: runs the work on a worker, writes on the pipeline's thread, and ends the worker on Ctrl-C,
/// <c>Select-Object -First</c> or <c>-ErrorAction Stop</c>.
/// </summary>
public abstract class AsrCommand : PSCmdlet
{
    // Never disposed: it holds no timer, and Ctrl-C may come while the command is ending.
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Ends the worker; returns at once.</summary>
    protected override void StopProcessing() => _stop.Cancel();

    /// <summary>Runs work that only answers. Failures throw <see cref="AsrException"/>.</summary>
    private protected T Run<T>(Func<CancellationToken, Task<T>> work) => Run((_, stop) => work(stop));

    /// <summary>Runs work that writes as it goes. Failures throw <see cref="AsrException"/>.</summary>
    private protected T Run<T>(Func<PipelineOutput, CancellationToken, Task<T>> work)
    {
        using PipelineOutput output = new(_stop.Token);
        Task<T> worker = Task.Run(async () =>
        {
            try
            {
                return await work(output, _stop.Token).ConfigureAwait(false);
            }
            finally
            {
                output.Complete();
            }
        });
        try
        {
            output.WriteTo(this);
        }
        catch
        {
            // The pipeline ends under us: end the worker too, and wait for it without its error.
            _stop.Cancel();
            Task.WaitAny(worker);
            throw;
        }

        try
        {
            return worker.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception error) when (error is not PipelineStoppedException)
        {
            throw error.ToAsrException();
        }
    }

    /// <summary>Does one item's work: its failure is written as an error and the next item goes on, a failure that concerns every item ends the command.</summary>
    private protected void ForItem(object? item, Action work)
    {
        try
        {
            work();
        }
        catch (AsrException error) when (ConcernsEveryItem(error.Code))
        {
            ThrowTerminatingError(error.ToErrorRecord(item));
        }
        catch (AsrException error)
        {
            WriteError(error.ToErrorRecord(item));
        }
    }

    /// <summary>Does work without which the command makes no sense: its failure ends the command.</summary>
    private protected void ForAll(object? target, Action work)
    {
        try
        {
            work();
        }
        catch (AsrException error)
        {
            ThrowTerminatingError(error.ToErrorRecord(target));
        }
    }

    private static bool ConcernsEveryItem(AsrErrorCode code) => code
        is AsrErrorCode.NotConnected or AsrErrorCode.ApplianceUnreachable or AsrErrorCode.Unauthenticated or AsrErrorCode.Forbidden
        or AsrErrorCode.CertificateExpired or AsrErrorCode.CertificateForeign or AsrErrorCode.WrongPassphrase;
}
