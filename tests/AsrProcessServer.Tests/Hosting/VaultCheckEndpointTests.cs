using System;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

public sealed class VaultCheckEndpointTests
{
    [Fact]
    public async Task A_check_is_a_job_in_the_name_of_its_operator()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        VaultCheckRequest request = new() { RequestId = Guid.NewGuid() };

        AsrJob job = await alice.PostForAsync<AsrJob>(AsrRoutes.VaultChecks, request);
        AsrJob again = await alice.PostForAsync<AsrJob>(AsrRoutes.VaultChecks, request);

        Assert.Equal((request.RequestId, request.RequestId), (job.Id, again.Id));
        Assert.Equal((MachineOperation.CheckVault, Guid.Empty), (job.Operation, job.MachineId));
        Assert.Contains("alice", job.RequestedBy);
    }

    [Fact]
    public async Task A_request_without_an_id_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        using StringContent content = new("{}", Encoding.UTF8, "application/json");

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.PostAsync(AsrRoutes.VaultChecks, content, TestAppliance.Stop), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }
}
