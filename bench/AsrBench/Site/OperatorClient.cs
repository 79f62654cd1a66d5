using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net.Http;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;

namespace Asr.Bench.Site;

/// <summary>An operator at the control port of an appliance that this program has started itself.</summary>
internal sealed class OperatorClient : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(20);

    private readonly HttpClient _http;

    private OperatorClient(HttpClient http) => _http = http;

    /// <summary>Enrolls by passphrase.</summary>
    public static async Task<OperatorClient> EnrollAsync(AsrAppliance appliance, string passphrase, CancellationToken cancellationToken)
    {
        using OperatorClient anonymous = new(CreateHttp(appliance.ControlEndpoint, null));
        EnrollOperatorResponse enrolled = await anonymous.SendAsync<EnrollOperatorResponse>(
            HttpMethod.Post, AsrRoutes.EnrollOperator, new EnrollOperatorRequest { Passphrase = passphrase, UserName = "bench" }, cancellationToken);
        return new OperatorClient(CreateHttp(appliance.ControlEndpoint, X509CertificateLoader.LoadPkcs12(Convert.FromBase64String(enrolled.Pkcs12), null)));
    }

    /// <summary>A request of the contract.</summary>
    public async Task<T> SendAsync<T>(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path) { Content = body is null ? null : JsonContent.Create(body, body.GetType(), options: AsrJson.Options) };
        using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
        string text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<T>(text, AsrJson.Options)! : throw new InvalidOperationException($"{method} {path}: {text}");
    }

    /// <summary>The machine as it is now.</summary>
    public Task<AsrReplicatedMachine> GetMachineAsync(Guid machineId, CancellationToken cancellationToken) =>
        SendAsync<AsrReplicatedMachine>(HttpMethod.Get, Of(AsrRoutes.Machine, machineId), null, cancellationToken);

    /// <summary>The machine's points, newest first.</summary>
    public Task<List<AsrRecoveryPoint>> GetPointsAsync(Guid machineId, CancellationToken cancellationToken) =>
        SendAsync<List<AsrRecoveryPoint>>(HttpMethod.Get, Of(AsrRoutes.MachinePoints, machineId), null, cancellationToken);

    /// <summary>Asks for an operation and waits for its job.</summary>
    public async Task RunAsync(Guid machineId, OperationRequest request, CancellationToken cancellationToken)
    {
        AsrJob job = await SendAsync<AsrJob>(HttpMethod.Post, Of(AsrRoutes.MachineOperations, machineId), request with { RequestId = Guid.NewGuid() }, cancellationToken);
        string path = AsrRoutes.Job.Replace("{jobId}", job.Id.ToString(), StringComparison.Ordinal);
        job = await WaitAsync(() => SendAsync<AsrJob>(HttpMethod.Get, path, null, cancellationToken), seen => seen.EndTime is not null, cancellationToken);
        if (job.State != JobState.Succeeded)
        {
            throw new InvalidOperationException($"{request.Operation} ended so: {JsonSerializer.Serialize(job, AsrJson.Indented)}");
        }
    }

    /// <summary>
    /// Looks until it is right, at most 20 minutes: every 20 ms, and after a second every 50th of the time waited, so that looking neither takes the processors of what is
    /// measured nor adds more than 2 %.
    /// </summary>
    public static async Task<T> WaitAsync<T>(Func<Task<T>> look, Func<T, bool> isRight, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            T seen = await look();
            if (isRight(seen))
            {
                return seen;
            }

            TimeSpan waited = Stopwatch.GetElapsedTime(start);
            if (waited > WaitMax)
            {
                throw new TimeoutException($"Seen last: {JsonSerializer.Serialize(seen, AsrJson.Indented)}");
            }

            await Task.Delay(waited > PollInterval * 50 ? waited / 50 : PollInterval, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static HttpClient CreateHttp(string endpoint, X509Certificate2? own)
    {
        // The appliance is this program's own child on loopback; who answers is not in question here.
        HttpClientHandler handler = new() { UseProxy = false, ServerCertificateCustomValidationCallback = HttpClientHandler.DangerousAcceptAnyServerCertificateValidator };
        if (own is not null)
        {
            handler.ClientCertificates.Add(own);
        }

        return new HttpClient(handler) { BaseAddress = new Uri(endpoint) };
    }

    private static string Of(string route, Guid machineId) => route.Replace("{machineId}", machineId.ToString(), StringComparison.Ordinal);
}
