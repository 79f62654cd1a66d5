using System;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Azure.Core.Pipeline;

namespace Asr.Engine.Tests.Vault.Backends;

/// <summary>The way from the client library to the storage, as bad as it is told to be. Every try of a request passes here.</summary>
internal sealed class FaultyTransport : DelegatingHandler
{
    public FaultyTransport()
        : base(new SocketsHttpHandler())
    {
    }

    /// <summary>Asked before a request is sent: an answer that the storage does not get to give, an exception for a cut, or null.</summary>
    public Func<HttpRequestMessage, HttpResponseMessage?>? Before { get; set; }

    /// <summary>What happens to a request that is sent.</summary>
    public Func<HttpRequestMessage, RequestFate>? Fate { get; set; }

    /// <summary>For the client library.</summary>
    public HttpPipelineTransport AsPipeline() => new HttpClientTransport(this);

    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Before?.Invoke(request) is { } answer)
        {
            answer.RequestMessage = request;
            answer.Content = new ByteArrayContent([]);
            return answer;
        }

        switch (Fate?.Invoke(request) ?? RequestFate.Sent)
        {
            case RequestFate.AnswerLost:
                (await base.SendAsync(request, cancellationToken)).Dispose();
                throw new HttpRequestException("The connection was cut after the request was done.");
            case RequestFate.SentTwice:
                byte[]? body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
                (await base.SendAsync(Copy(request, body), cancellationToken)).Dispose();
                return await base.SendAsync(Copy(request, body), cancellationToken);
            case RequestFate.Cut:
                throw new HttpRequestException("The connection was cut.");
            default:
                return await base.SendAsync(request, cancellationToken);
        }
    }

    private static HttpRequestMessage Copy(HttpRequestMessage request, byte[]? body)
    {
        HttpRequestMessage copy = new(request.Method, request.RequestUri) { Version = request.Version };
        foreach (System.Collections.Generic.KeyValuePair<string, System.Collections.Generic.IEnumerable<string>> header in request.Headers)
        {
            copy.Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        if (body is not null)
        {
            copy.Content = new ByteArrayContent(body);
            foreach (System.Collections.Generic.KeyValuePair<string, System.Collections.Generic.IEnumerable<string>> header in request.Content!.Headers)
            {
                copy.Content.Headers.TryAddWithoutValidation(header.Key, header.Value);
            }
        }

        return copy;
    }
}

/// <summary>What becomes of a request.</summary>
internal enum RequestFate
{
    /// <summary>Sent and answered.</summary>
    Sent,

    /// <summary>Not sent.</summary>
    Cut,

    /// <summary>Done by the storage; no one hears of it.</summary>
    AnswerLost,

    /// <summary>Sent twice; the second answer is heard.</summary>
    SentTwice,
}
