using System;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Module.Connections;

/// <summary>
/// HTTPS to one appliance: TLS 1.3, the vault's authority pinned, one client certificate, no proxy. Requests that may be repeated are
/// repeated with growing pauses when the network fails. Safe for concurrent callers; owns its certificate.
/// </summary>
internal sealed class ApplianceChannel : IDisposable
{
    // .NET Standard 2.0 does not name TLS 1.3; the number is the one of the platform's enumeration.
    private const SslProtocols Tls13 = (SslProtocols)12288;
    private const int ResponseBytesMax = 64 << 20;
    private const int AttemptsMax = 5;

    // Longer than the appliance's long poll of 10 s.
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private readonly X509Certificate2? _certificate;
    private readonly HttpClient _client;

    /// <param name="appliance">Control endpoint.</param>
    /// <param name="trust">Whom to believe.</param>
    /// <param name="certificate">The operator's certificate with its key; null only to enroll.</param>
    public ApplianceChannel(Uri appliance, AuthorityTrust trust, X509Certificate2? certificate)
    {
        Appliance = appliance;
        _certificate = certificate;
        HttpClientHandler handler = CreateHandler((_, server, _, _) => trust.Accepts(server));
        if (certificate is not null)
        {
            handler.ClientCertificates.Add(certificate);
        }

        _client = new HttpClient(handler)
        {
            BaseAddress = appliance,
            Timeout = RequestTimeout,
            MaxResponseContentBufferSize = ResponseBytesMax,
        };
    }

    /// <summary>Control endpoint.</summary>
    public Uri Appliance { get; }

    /// <summary>When the certificate ends, or null without one.</summary>
    public DateTimeOffset? CertificateExpires => _certificate is null ? null : new DateTimeOffset(_certificate.NotAfter);

    /// <summary>A handler with the settings every connection to an appliance shares.</summary>
    public static HttpClientHandler CreateHandler(
        Func<HttpRequestMessage, X509Certificate2, X509Chain, SslPolicyErrors, bool> validate) => new()
        {
            SslProtocols = Tls13,
            CheckCertificateRevocationList = false,
            ServerCertificateCustomValidationCallback = validate,
            ClientCertificateOptions = ClientCertificateOption.Manual,
            UseProxy = false,
            AllowAutoRedirect = false,
        };

    /// <summary>
    /// Sends a request, with <paramref name="body"/> as JSON when there is one, and reads the answer; null for an answer without a body.
    /// A <paramref name="repeatable"/> request is one that may be sent twice without harm.
    /// </summary>
    public async Task<T?> SendAsync<T>(
        HttpMethod method, string path, object? body, bool repeatable, CancellationToken cancellationToken)
    {
        TimeSpan pause = FirstPause;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await SendOnceAsync<T>(method, path, body, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (IsNetworkFailure(error, cancellationToken))
            {
                if (HasCause<AuthenticationException>(error))
                {
                    throw AuthorityTrust.Foreign(Appliance, error);
                }

                if (!repeatable || attempt == AttemptsMax)
                {
                    throw Unreachable(Appliance, error);
                }
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause += pause;
        }
    }

    /// <summary>The error for an appliance that does not answer.</summary>
    public static AsrException Unreachable(Uri appliance, Exception cause) => new(
        AsrErrorCode.ApplianceUnreachable,
        $"The appliance at {appliance} cannot be reached: {Innermost(cause).Message}",
        "Check that it runs (Start-AsrAppliance) and that nothing blocks its control port.",
        appliance.ToString(),
        cause);

    /// <summary>True for a failure of the network or of the way to the appliance, not of the request or its caller.</summary>
    public static bool IsNetworkFailure(Exception error, CancellationToken cancellationToken) =>
        error is HttpRequestException or IOException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    public void Dispose()
    {
        _client.Dispose();
        _certificate?.Dispose();
    }

    private async Task<T?> SendOnceAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            string json = JsonSerializer.Serialize(body, body.GetType(), AsrJson.Options);
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        string text = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw ReadError(response.StatusCode, text, path);
        }

        if (text.Length == 0)
        {
            return default;
        }

        try
        {
            return JsonSerializer.Deserialize<T>(text, AsrJson.Options);
        }
        catch (JsonException error)
        {
            throw new AsrException(
                AsrErrorCode.Internal,
                $"The appliance answered {method} {path} with something this module does not understand: {error.Message}",
                "Use a module and an appliance of the same version.",
                path,
                error);
        }
    }

    private static AsrException ReadError(HttpStatusCode status, string text, string path)
    {
        try
        {
            if (JsonSerializer.Deserialize<AsrError>(text, AsrJson.Options) is { Message.Length: > 0 } error)
            {
                return error.ToException();
            }
        }
        catch (JsonException)
        {
            // Not one of our errors, e.g. from something between us and the appliance; told below by its status.
        }

        AsrErrorCode code = status switch
        {
            HttpStatusCode.Unauthorized => AsrErrorCode.Unauthenticated,
            HttpStatusCode.Forbidden => AsrErrorCode.Forbidden,
            HttpStatusCode.NotFound => AsrErrorCode.NotFound,
            _ => AsrErrorCode.Internal,
        };
        return new AsrException(code, $"The appliance answered {path} with {(int)status} {status}.", target: path);
    }

    private static bool HasCause<T>(Exception error) where T : Exception
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is T)
            {
                return true;
            }
        }

        return false;
    }

    private static Exception Innermost(Exception error)
    {
        while (error.InnerException is not null)
        {
            error = error.InnerException;
        }

        return error;
    }
}
