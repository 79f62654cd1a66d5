using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>An operator at the control port: the authority pinned, a certificate for the passphrase. Waits for an appliance that is away.</summary>
internal sealed class OperatorClient : IDisposable
{
    private static readonly TimeSpan AwayMax = TimeSpan.FromMinutes(2);

    private readonly X509Certificate2 _authority;
    private readonly HttpClient _http;

    private OperatorClient(X509Certificate2 authority, HttpClient http)
    {
        _authority = authority;
        _http = http;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Enrolls by passphrase.</summary>
    public static async Task<OperatorClient> EnrollAsync(AsrAppliance appliance, string passphrase)
    {
        X509Certificate2 authority = await FetchAuthorityAsync(appliance);
        using HttpClient anonymous = CreateHttp(appliance.ControlEndpoint, authority, null);
        using HttpResponseMessage answer = await anonymous.PostAsJsonAsync(
            AsrRoutes.EnrollOperator, new EnrollOperatorRequest { Passphrase = passphrase, UserName = "drill" }, AsrJson.Options, Stop);
        EnrollOperatorResponse enrolled = await ReadAsync<EnrollOperatorResponse>(answer);
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(enrolled.Pkcs12), null);
        return new OperatorClient(authority, CreateHttp(appliance.ControlEndpoint, authority, own));
    }

    /// <summary>A client for one port that believes only servers of the authority, with a certificate of its own or none.</summary>
    public static HttpClient CreateHttp(string endpoint, X509Certificate2 authority, X509Certificate2? own)
    {
        HttpClientHandler handler = new()
        {
            UseProxy = false,
            ServerCertificateCustomValidationCallback = (_, server, _, _) => server is not null && IsOf(authority, server),
        };
        if (own is not null)
        {
            handler.ClientCertificates.Add(own);
        }

        return new HttpClient(handler) { BaseAddress = new Uri(endpoint) };
    }

    /// <summary>The authority's certificate, compared with the fingerprint that the appliance printed.</summary>
    public static async Task<X509Certificate2> FetchAuthorityAsync(AsrAppliance appliance)
    {
        using HttpClientHandler handler = new() { UseProxy = false, ServerCertificateCustomValidationCallback = (_, _, _, _) => true };
        using HttpClient open = new(handler) { BaseAddress = new Uri(appliance.ControlEndpoint) };
        X509Certificate2 authority = X509Certificate2.CreateFromPem(await open.GetStringAsync(AsrRoutes.Authority, Stop));
        Assert.Equal(appliance.AuthorityFingerprint, authority.GetCertHashString(HashAlgorithmName.SHA256));
        return authority;
    }

    /// <summary>A one-time token for an agent.</summary>
    public async Task<string> CreateTokenAsync() => (await SendAsync<AsrEnrollmentToken>(HttpMethod.Post, AsrRoutes.Tokens, null)).Token;

    /// <summary>Makes a policy.</summary>
    public Task<AsrReplicationPolicy> CreatePolicyAsync(AsrReplicationPolicy policy) =>
        SendAsync<AsrReplicationPolicy>(HttpMethod.Put, AsrRoutes.Policy.Replace("{name}", policy.Name, StringComparison.Ordinal), policy);

    /// <summary>What the appliance says of itself.</summary>
    public Task<AsrAppliance> GetApplianceAsync() => SendAsync<AsrAppliance>(HttpMethod.Get, AsrRoutes.Appliance, null);

    /// <summary>The machine as it is now.</summary>
    public Task<AsrReplicatedMachine> GetMachineAsync(Guid machineId) =>
        SendAsync<AsrReplicatedMachine>(HttpMethod.Get, MachinePath(AsrRoutes.Machine, machineId), null);

    /// <summary>All machines.</summary>
    public Task<List<AsrReplicatedMachine>> GetMachinesAsync() => SendAsync<List<AsrReplicatedMachine>>(HttpMethod.Get, AsrRoutes.Machines, null);

    /// <summary>The machine's points, newest first.</summary>
    public Task<List<AsrRecoveryPoint>> GetPointsAsync(Guid machineId) =>
        SendAsync<List<AsrRecoveryPoint>>(HttpMethod.Get, MachinePath(AsrRoutes.MachinePoints, machineId), null);

    /// <summary>The events, newest first.</summary>
    public Task<List<AsrEvent>> GetEventsAsync() => SendAsync<List<AsrEvent>>(HttpMethod.Get, AsrRoutes.Events, null);

    /// <summary>Asks for an operation, waits for its job and demands that it succeeds.</summary>
    public async Task<AsrJob> RunAsync(Guid machineId, OperationRequest request)
    {
        OperationRequest named = request with { RequestId = Guid.NewGuid() };
        AsrJob asked = await SendAsync<AsrJob>(HttpMethod.Post, MachinePath(AsrRoutes.MachineOperations, machineId), named);
        AsrJob ended = await Eventually.SeeAsync(
            $"the end of job {request.Operation}",
            () => SendAsync<AsrJob>(HttpMethod.Get, AsrRoutes.Job.Replace("{jobId}", asked.Id.ToString(), StringComparison.Ordinal), null),
            job => job.EndTime is not null);
        Assert.True(ended.State == JobState.Succeeded, $"{request.Operation} ended so: {JsonSerializer.Serialize(ended, AsrJson.Indented)}");
        return ended;
    }

    /// <summary>Sends whatever is asked, once, and gives the status of the answer.</summary>
    public async Task<HttpStatusCode> TryAsync(HttpMethod method, string path, string? json = null)
    {
        using HttpRequestMessage request = new(method, path) { Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json") };
        using HttpResponseMessage answer = await _http.SendAsync(request, Stop);
        return answer.StatusCode;
    }

    /// <summary>Reads an answer; a failure is thrown as what the appliance said.</summary>
    public static async Task<T> ReadAsync<T>(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync(Stop);
        if (answer.IsSuccessStatusCode)
        {
            return JsonSerializer.Deserialize<T>(text, AsrJson.Options)!;
        }

        AsrError error = JsonSerializer.Deserialize<AsrError>(text, AsrJson.Options)!;
        throw new AsrException(error.Code, error.Message, error.Action ?? "");
    }

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }

    // Every request of the contract may be repeated, so an appliance that was killed under it is asked again.
    private async Task<T> SendAsync<T>(HttpMethod method, string path, object? body)
    {
        Stopwatch away = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using HttpRequestMessage request = new(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: AsrJson.Options) };
                using HttpResponseMessage answer = await _http.SendAsync(request, Stop);
                return await ReadAsync<T>(answer);
            }
            catch (HttpRequestException) when (away.Elapsed < AwayMax)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), Stop);
            }
        }
    }

    private static string MachinePath(string route, Guid machineId) => route.Replace("{machineId}", machineId.ToString(), StringComparison.Ordinal);

    private static bool IsOf(X509Certificate2 authority, X509Certificate2 server)
    {
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(server) && chain.ChainElements.Last().Certificate.RawDataMemory.Span.SequenceEqual(authority.RawDataMemory.Span);
    }
}
