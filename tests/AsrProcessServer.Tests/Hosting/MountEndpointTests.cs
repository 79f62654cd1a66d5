using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

public sealed class MountEndpointTests
{
    [Fact]
    public async Task A_mount_is_made_listed_and_ended_in_the_name_of_its_operator()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        MountRequest request = new() { RequestId = Guid.NewGuid(), MachineId = Guid.NewGuid() };

        AsrRecoveryPointMount made = await alice.PostForAsync<AsrRecoveryPointMount>(AsrRoutes.Mounts, request);
        AsrRecoveryPointMount again = await alice.PostForAsync<AsrRecoveryPointMount>(AsrRoutes.Mounts, request);

        Assert.Equal((request.RequestId, request.RequestId), (made.Id, again.Id));
        Assert.Contains("alice", made.RequestedBy);
        Assert.Single(await alice.GetForAsync<List<AsrRecoveryPointMount>>(AsrRoutes.Mounts));
        for (int time = 0; time < 2; time++)
        {
            using HttpResponseMessage ended = await alice.DeleteAsync($"/v1/mounts/{made.Id}", TestAppliance.Stop);
            Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        }
        Assert.Empty(await alice.GetForAsync<List<AsrRecoveryPointMount>>(AsrRoutes.Mounts));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","diskIds":[]}""")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","lifetimeSeconds":0}""")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","lifetimeSeconds":2000000}""")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","folder":"relative"}""")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","isFolderWritable":true}""")]
    [InlineData("""{"requestId":"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a","isFolderWritable":true,"isReadOnly":true,"folder":"/mnt"}""")]
    public async Task A_request_that_makes_no_sense_is_refused(string body)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        using StringContent content = new(body, Encoding.UTF8, "application/json");

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.PostAsync(AsrRoutes.Mounts, content, TestAppliance.Stop), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Empty(await alice.GetForAsync<List<AsrRecoveryPointMount>>(AsrRoutes.Mounts));
    }
}
