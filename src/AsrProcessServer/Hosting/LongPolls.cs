using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Asr.ProcessServer.Hosting;

/// <summary>Lets waiting requests end when the appliance stops, which would otherwise wait for them.</summary>
internal sealed class LongPolls(IHostApplicationLifetime lifetime)
{
    /// <summary>Runs a wait that ends with the request and with the appliance, whichever is first.</summary>
    public async Task<T> WaitAsync<T>(HttpContext context, Func<CancellationToken, Task<T>> wait)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        return await wait(stop.Token);
    }
}
