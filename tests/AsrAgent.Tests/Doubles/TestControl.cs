using System;
using System.Collections.Generic;
using System.Security.Cryptography.X509Certificates;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.State;
using Asr.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Asr.Agent.Tests.Doubles;

/// <summary>An appliance that gives an assignment and collects reports; its data port has no routes.</summary>
internal sealed class TestControl : IAsyncDisposable
{
    private readonly TestAuthority _authority;
    private readonly X509Certificate2 _server;
    private readonly Lock _gate = new();
    private readonly List<AgentReport> _reports = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AgentAssignment _assignment = new() { Revision = 1 };
    private TestAppliance? _appliance;

    private TestControl(TestAuthority authority)
    {
        _authority = authority;
        _server = authority.IssueServer();
    }

    public Guid MachineId { get; } = Guid.NewGuid();

    public static async Task<TestControl> StartAsync(TestAuthority authority)
    {
        TestControl control = new(authority);
        control._appliance = await TestAppliance.StartAsync(control._server, control.Map);
        return control;
    }

    /// <summary>Writes an enrolled agent's state folder.</summary>
    public StateFolder Enroll(string path, TimeSpan? notBefore = null, TimeSpan? notAfter = null)
    {
        StateFolder folder = StateFolder.OpenOrCreate(path);
        using X509Certificate2 certificate = _authority.IssueAgent(MachineId, notBefore, notAfter);
        new AgentIdentity
        {
            MachineId = MachineId,
            MachineName = "web01",
            ControlEndpoint = _appliance!.Endpoint,
            DataEndpoint = _appliance.Endpoint,
            CertificatePem = certificate.ExportCertificatePem(),
            PrivateKeyPem = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(),
            AuthorityPem = _authority.Pem,
        }.Save(folder);
        return folder;
    }

    public void Assign(AgentAssignment assignment)
    {
        lock (_gate)
        {
            _assignment = assignment;
            Signal();
        }
    }

    /// <summary>Waits for a report, also an earlier one, that meets the condition.</summary>
    public async Task<AgentReport> ReportAsync(Predicate<AgentReport> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_reports.Find(condition) is { } found)
                {
                    return found;
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _appliance!.DisposeAsync();
        _server.Dispose();
    }

    private void Map(WebApplication app)
    {
        app.MapGet(AsrRoutes.AgentAssignment, async (long? knownRevision, HttpContext http) =>
        {
            Task changed;
            lock (_gate)
            {
                if (knownRevision != _assignment.Revision)
                {
                    return TestAppliance.Json(_assignment);
                }

                changed = _changed.Task;
            }

            await Task.WhenAny(changed, Task.Delay(TimeSpan.FromSeconds(1), http.RequestAborted));
            lock (_gate)
            {
                return TestAppliance.Json(_assignment);
            }
        });
        app.MapPost(AsrRoutes.AgentReport, async (HttpRequest http) =>
        {
            AgentReport report = (await http.ReadFromJsonAsync<AgentReport>(AsrJson.Options))!;
            lock (_gate)
            {
                _reports.Add(report);
                Signal();
            }

            return Results.NoContent();
        });
        app.MapPost(AsrRoutes.AgentCertificate, async (HttpRequest http) =>
        {
            RenewAgentCertificateRequest request = (await http.ReadFromJsonAsync<RenewAgentCertificateRequest>(AsrJson.Options))!;
            using X509Certificate2 renewed = _authority.Sign(request.CertificateRequestPem, MachineId);
            return TestAppliance.Json(new EnrollAgentResponse
            {
                MachineId = MachineId,
                CertificatePem = renewed.ExportCertificatePem(),
                AuthorityPem = _authority.Pem,
                DataEndpoint = _appliance!.Endpoint.ToString(),
            });
        });
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
