using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.State;
using Asr.Contracts;

namespace Asr.Agent.Appliance;

/// <summary>
/// Requests to one port of the appliance. Every answer is bounded, every failure an <see cref="AsrException"/>; a cancelled caller gets
/// <see cref="OperationCanceledException"/>. Does not retry: its callers do. Safe for concurrent callers. Owns its handler.
/// </summary>
internal sealed class ApplianceHttp : IDisposable
{
    /// <summary>Bytes of an answer at most, except where the caller names the length.</summary>
    public const int AnswerBytesMax = 1 << 20;

    private readonly HttpClient _client;
    private readonly TimeProvider _time;

    /// <summary>Connects on first use.</summary>
    public ApplianceHttp(Uri endpoint, HttpMessageHandler handler, TimeProvider time)
    {
        Endpoint = endpoint;
        _time = time;
        _client = new HttpClient(handler, disposeHandler: true)
        {
            BaseAddress = endpoint,
            Timeout = Timeout.InfiniteTimeSpan,

            // HTTP/1.1: bodies are large and few, and the kernel's flow control per connection serves them better than frames
            // within one. It also has sent or abandoned the whole body when a request ends, so the caller's memory is free then.
            DefaultRequestVersion = System.Net.HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    /// <summary>Base address of the port.</summary>
    public Uri Endpoint { get; }

    /// <summary>GET, answer in JSON.</summary>
    public async Task<T> GetJsonAsync<T>(string path, TimeSpan timeout, CancellationToken cancellationToken)
        where T : class =>
        Parse<T>(await SendAsync(HttpMethod.Get, path, null, timeout, cancellationToken).ConfigureAwait(false));

    /// <summary>GET, the answer's bytes.</summary>
    public Task<byte[]> GetBytesAsync(string path, TimeSpan timeout, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, timeout, cancellationToken);

    /// <summary>POST of JSON, answer in JSON.</summary>
    public async Task<TAnswer> PostJsonAsync<TAnswer>(string path, object request, TimeSpan timeout, CancellationToken cancellationToken)
        where TAnswer : class =>
        Parse<TAnswer>(await PostJsonAsync(path, request, timeout, cancellationToken).ConfigureAwait(false));

    /// <summary>POST of JSON, the answer's bytes.</summary>
    public Task<byte[]> PostJsonAsync(string path, object request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ByteArrayContent content = new(JsonSerializer.SerializeToUtf8Bytes(request, AgentJson.Compact(request.GetType())));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        return SendAsync(HttpMethod.Post, path, content, timeout, cancellationToken);
    }

    /// <summary>POST of raw bytes, sent from the caller's memory; answer in JSON.</summary>
    public async Task<TAnswer> PostRawAsync<TAnswer>(string path, ReadOnlyMemory<byte> body, TimeSpan timeout, CancellationToken cancellationToken)
        where TAnswer : class
    {
        ReadOnlyMemoryContent content = new(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return Parse<TAnswer>(await SendAsync(HttpMethod.Post, path, content, timeout, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>GET of exactly as many bytes as the buffer has.</summary>
    public Task ReadExactlyAsync(string path, Memory<byte> buffer, TimeSpan timeout, CancellationToken cancellationToken) =>
        ExchangeAsync(HttpMethod.Get, path, null, timeout, async (response, token) =>
        {
            Stream stream = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
            int read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token).ConfigureAwait(false);
            byte[] beyond = new byte[1];
            if (read < buffer.Length || await stream.ReadAsync(beyond, token).ConfigureAwait(false) != 0)
            {
                throw ApplianceErrors.Malformed(Endpoint, $"{(read < buffer.Length ? read.ToString() : "more")} bytes instead of {buffer.Length}");
            }

            return true;
        }, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private Task<byte[]> SendAsync(HttpMethod method, string path, HttpContent? content, TimeSpan timeout, CancellationToken cancellationToken) =>
        ExchangeAsync(method, path, content, timeout, ReadBoundedAsync, cancellationToken);

    private async Task<T> ExchangeAsync<T>(
        HttpMethod method,
        string path,
        HttpContent? content,
        TimeSpan timeout,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(timeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using HttpRequestMessage request = new(method, path)
        {
            Content = content,
            Version = _client.DefaultRequestVersion,
            VersionPolicy = _client.DefaultVersionPolicy,
        };
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw ApplianceErrors.FromAnswer(Endpoint, response.StatusCode, await ReadBoundedAsync(response, either.Token).ConfigureAwait(false));
            }

            return await read(response, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw ApplianceErrors.TimedOut(Endpoint, timeout, error);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw ApplianceErrors.Malformed(Endpoint, $"more than {AnswerBytesMax} bytes", error);
        }
        catch (Exception error) when (ApplianceErrors.IsFault(error))
        {
            throw ApplianceErrors.FromFault(Endpoint, error);
        }
    }

    private static async Task<byte[]> ReadBoundedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken).ConfigureAwait(false);
        return await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
    }

    private T Parse<T>(byte[] body)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(body, AgentJson.Compact<T>()) ?? throw ApplianceErrors.Malformed(Endpoint, "an empty document");
        }
        catch (JsonException error)
        {
            throw ApplianceErrors.Malformed(Endpoint, "not the JSON that was asked for", error);
        }
    }
}
