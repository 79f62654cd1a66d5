using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Shipping;

namespace Asr.Agent.Appliance;

/// <summary>The configuration server as the agent sees it. Safe for concurrent callers. Owns its connections.</summary>
internal sealed class ControlClient(Uri controlEndpoint, ApplianceTrust trust, AgentCredentials credentials, TimeProvider time) : IGroupCoordinator, IDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Longer than the appliance holds a long poll.</summary>
    private static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(30);

    private readonly ApplianceHttp _http = new(controlEndpoint, ApplianceHandler.Create(trust, credentials), time);

    /// <summary>The assignment, once it is newer than the known one or the appliance has waited long enough.</summary>
    public Task<AgentAssignment> GetAssignmentAsync(long? knownRevision, CancellationToken cancellationToken) =>
        _http.GetJsonAsync<AgentAssignment>(
            knownRevision is { } known ? string.Create(CultureInfo.InvariantCulture, $"{AsrRoutes.AgentAssignment}?knownRevision={known}") : AsrRoutes.AgentAssignment,
            PollTimeout,
            cancellationToken);

    /// <summary>Tells what the agent does.</summary>
    public Task ReportAsync(AgentReport report, CancellationToken cancellationToken) =>
        _http.PostJsonAsync(AsrRoutes.AgentReport, report, AnswerTimeout, cancellationToken);

    /// <inheritdoc/>
    public Task<ConsistencyOrder> StepAsync(ConsistencyStep step, TimeSpan timeout, CancellationToken cancellationToken) =>
        _http.PostJsonAsync<ConsistencyOrder>(AsrRoutes.AgentConsistency, step, timeout < PollTimeout ? timeout : PollTimeout, cancellationToken);

    /// <summary>Asks for a new certificate.</summary>
    public Task<EnrollAgentResponse> RenewAsync(RenewAgentCertificateRequest request, CancellationToken cancellationToken) =>
        _http.PostJsonAsync<EnrollAgentResponse>(AsrRoutes.AgentCertificate, request, AnswerTimeout, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
