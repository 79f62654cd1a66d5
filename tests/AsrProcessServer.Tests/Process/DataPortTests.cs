using System;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Process;
using Asr.ProcessServer.Tests.Hosting;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Xunit;

namespace Asr.ProcessServer.Tests.Process;

public sealed class DataPortTests
{
    private static readonly Guid DiskId = new("11111111-1111-1111-1111-111111111111");

    [Fact]
    public async Task A_batch_arrives_byte_for_byte()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);
        foreach (int bytes in new[] { 1, 100_000, ReplicationLimits.BatchBytesMax })
        {
            byte[] batch = RandomNumberGenerator.GetBytes(bytes);
            using HttpResponseMessage response = await agent.PostAsync(Batches(DiskId), Octets(batch), TestAppliance.Stop);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.True(appliance.Replication.Batches.Last().AsSpan().SequenceEqual(batch));
        }

        ShipReceipt progress = await agent.GetForAsync<ShipReceipt>($"/v1/disks/{DiskId}/progress?epoch=1");
        Assert.Equal(3, progress.ReceivedSequence);
        Assert.Equal(AsrErrorCode.SessionLost, (await HttpClientExtensions.ErrorOfAsync(agent.GetAsync($"/v1/disks/{DiskId}/progress?epoch=2", TestAppliance.Stop), HttpStatusCode.Conflict)).Code);
    }

    [Fact]
    public async Task A_batch_without_length_too_long_or_empty_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);
        using HttpRequestMessage chunked = new(HttpMethod.Post, Batches(DiskId)) { Content = Octets([1, 2, 3]) };
        chunked.Headers.TransferEncodingChunked = true;

        AsrError noLength = await HttpClientExtensions.ErrorOfAsync(agent.SendAsync(chunked, TestAppliance.Stop), HttpStatusCode.LengthRequired);
        AsrError empty = await HttpClientExtensions.ErrorOfAsync(agent.PostAsync(Batches(DiskId), Octets([]), TestAppliance.Stop), HttpStatusCode.BadRequest);
        using HttpRequestMessage tooLong = new(HttpMethod.Post, Batches(DiskId)) { Content = Octets(new byte[ReplicationLimits.BatchBytesMax + 1]) };
        tooLong.Headers.ExpectContinue = true;
        AsrError size = await HttpClientExtensions.ErrorOfAsync(agent.SendAsync(tooLong, TestAppliance.Stop), HttpStatusCode.RequestEntityTooLarge);

        Assert.Equal([AsrErrorCode.InvalidArgument, AsrErrorCode.BatchMalformed, AsrErrorCode.InvalidArgument], [noLength.Code, empty.Code, size.Code]);
        Assert.Empty(appliance.Replication.Batches);
    }

    [Fact]
    public async Task A_disk_is_open_to_its_own_machine_only()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient owner = await NewAgentAsync(appliance);
        (Guid otherId, var certificate) = await appliance.EnrollAgentAsync("other");
        using HttpClient other = appliance.NewClient(certificate, appliance.Data);
        Task<HttpResponseMessage>[] attempts =
        [
            other.PostAsJsonAsync($"/v1/disks/{DiskId}/sessions", new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = otherId, SizeBytes = 1 << 20 }, AsrJson.Options, TestAppliance.Stop),
            other.PostAsync(Batches(DiskId), Octets([1]), TestAppliance.Stop),
            other.GetAsync($"/v1/disks/{DiskId}/progress?epoch=1", TestAppliance.Stop),
            other.PostAsJsonAsync($"/v1/disks/{DiskId}/digests", new DigestRequest { Count = 1 }, AsrJson.Options, TestAppliance.Stop),
            other.GetAsync($"/v1/disks/{DiskId}/points/{Guid.NewGuid()}/data?offset=0&length=1", TestAppliance.Stop),
            other.PostAsJsonAsync(AsrRoutes.PublishPoint, new PublishPointRequest { Point = NewPoint(otherId) }, AsrJson.Options, TestAppliance.Stop),
        ];

        foreach (Task<HttpResponseMessage> attempt in attempts)
        {
            Assert.Equal(AsrErrorCode.Forbidden, (await HttpClientExtensions.ErrorOfAsync(attempt, HttpStatusCode.Forbidden)).Code);
        }

        Assert.Empty(appliance.Replication.Batches);
        Assert.Empty(appliance.Replication.Points);
    }

    [Fact]
    public async Task A_session_in_another_machines_name_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);

        AsrError error = await HttpClientExtensions.ErrorOfAsync(
            agent.PostAsJsonAsync($"/v1/disks/{Guid.NewGuid()}/sessions", new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = Guid.NewGuid(), SizeBytes = 1 << 20 }, AsrJson.Options, TestAppliance.Stop),
            HttpStatusCode.Forbidden);

        Assert.Equal(AsrErrorCode.Forbidden, error.Code);
    }

    [Theory]
    [InlineData(AgentMode.Idle)]
    [InlineData(AgentMode.Pause)]
    [InlineData(AgentMode.Fence)]
    [InlineData(AgentMode.Failback)]
    public async Task An_agent_that_is_not_to_replicate_neither_takes_the_stream_nor_publishes(AgentMode mode)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);
        Guid machineId = (await appliance.Machines.ListAsync(TestAppliance.Stop)).Single().Id;
        appliance.Machines.Assign(new AgentAssignment { Revision = 2, Mode = mode });

        AsrError session = await HttpClientExtensions.ErrorOfAsync(
            agent.PostAsJsonAsync($"/v1/disks/{DiskId}/sessions", new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = machineId, SizeBytes = 1 << 20 }, AsrJson.Options, TestAppliance.Stop),
            HttpStatusCode.Conflict);
        AsrError point = await HttpClientExtensions.ErrorOfAsync(
            agent.PostAsJsonAsync(AsrRoutes.PublishPoint, new PublishPointRequest { Point = NewPoint(machineId) }, AsrJson.Options, TestAppliance.Stop),
            HttpStatusCode.Conflict);

        Assert.Equal([AsrErrorCode.OperationNotAllowed, AsrErrorCode.OperationNotAllowed], [session.Code, point.Code]);
        Assert.Empty(appliance.Replication.Points);
    }

    [Fact]
    public async Task A_disk_without_a_session_asks_for_one()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);

        AsrError error = await HttpClientExtensions.ErrorOfAsync(agent.PostAsync(Batches(Guid.NewGuid()), Octets([1]), TestAppliance.Stop), HttpStatusCode.Conflict);

        Assert.Equal(AsrErrorCode.SessionLost, error.Code);
    }

    [Fact]
    public async Task Digests_and_point_data_come_as_bytes_within_bounds()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);
        string digests = $"/v1/disks/{DiskId}/digests";
        string data = $"/v1/disks/{DiskId}/points/{Guid.NewGuid()}/data";

        using HttpResponseMessage hashes = await agent.PostAsJsonAsync(digests, new DigestRequest { Offset = ReplicationLimits.DigestRegionBytes, Count = 3 }, AsrJson.Options, TestAppliance.Stop);
        Assert.Equal(3 * ReplicationLimits.DigestBytes, (await hashes.Content.ReadAsByteArrayAsync(TestAppliance.Stop)).Length);
        byte[] content = await agent.GetByteArrayAsync($"{data}?offset=7&length=1000", TestAppliance.Stop);
        Assert.Equal(Enumerable.Range(7, 1000).Select(offset => MemoryReplication.PatternAt(offset)), content);

        foreach (DigestRequest bad in new DigestRequest[] { new() { Offset = 1, Count = 1 }, new() { Offset = -65_536, Count = 1 }, new() { Count = 0 }, new() { Count = ReplicationLimits.DigestRegionsMax + 1 } })
        {
            Assert.Equal(AsrErrorCode.InvalidArgument, (await HttpClientExtensions.ErrorOfAsync(agent.PostAsJsonAsync(digests, bad, AsrJson.Options, TestAppliance.Stop), HttpStatusCode.BadRequest)).Code);
        }

        foreach (string query in new[] { "?offset=-1&length=1", "?offset=0&length=0", $"?offset=0&length={ReplicationLimits.PointReadBytesMax + 1}", "?offset=0" })
        {
            Assert.Equal(AsrErrorCode.InvalidArgument, (await HttpClientExtensions.ErrorOfAsync(agent.GetAsync(data + query, TestAppliance.Stop), HttpStatusCode.BadRequest)).Code);
        }
    }

    [Fact]
    public async Task A_point_is_published_once_and_with_the_vaults_names()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient agent = await NewAgentAsync(appliance);
        Guid machineId = appliance.Replication.Owners[DiskId];
        AsrReplicatedMachine machine = await appliance.Machines.GetAsync(machineId, TestAppliance.Stop);
        appliance.Machines.Set(machine with { Disks = [new AsrDisk { Id = DiskId, Name = "system" }] });
        PublishPointRequest request = new() { Point = NewPoint(machineId) with { MachineName = "forged" } };

        AsrRecoveryPoint first = await agent.PostForAsync<AsrRecoveryPoint>(AsrRoutes.PublishPoint, request);
        AsrRecoveryPoint again = await agent.PostForAsync<AsrRecoveryPoint>(AsrRoutes.PublishPoint, request);

        Assert.Equal(("web1", "system"), (first.MachineName, Assert.Single(first.Disks).Name));
        Assert.Equal(first.Id, again.Id);
        Assert.Single(appliance.Replication.Points);
    }

    [Fact]
    public async Task Memory_is_bounded_and_comes_back()
    {
        using TransferMemory memory = new(TimeProvider.System, ReplicationLimits.BatchBytesMax);
        TransferLease first = await memory.RentAsync(ReplicationLimits.BatchBytesMax, TestAppliance.Stop);
        Task<TransferLease> second = memory.RentAsync(1, TestAppliance.Stop).AsTask();
        Assert.False(second.IsCompleted);

        first.Dispose();
        first.Dispose();

        using TransferLease lease = await second;
        Assert.Equal(1, lease.Memory.Length);
    }

    private static AsrRecoveryPoint NewPoint(Guid machineId) => new()
    {
        Id = Guid.NewGuid(), MachineId = machineId, Disks = [new RecoveryPointDisk { DiskId = DiskId, SizeBytes = 1 << 20, Epoch = 1, Sequence = 5 }],
    };

    private static async Task<HttpClient> NewAgentAsync(TestAppliance appliance)
    {
        (Guid machineId, var certificate) = await appliance.EnrollAgentAsync("web1");
        HttpClient agent = appliance.NewClient(certificate, appliance.Data);
        await agent.PostForAsync<ReplicationSession>($"/v1/disks/{DiskId}/sessions", new OpenSessionRequest { Nonce = Guid.NewGuid(), MachineId = machineId, SizeBytes = 1 << 20 });
        return agent;
    }

    private static string Batches(Guid diskId) => $"/v1/disks/{diskId}/batches";

    private static ByteArrayContent Octets(byte[] bytes)
    {
        ByteArrayContent content = new(bytes);
        content.Headers.ContentType = new("application/octet-stream");
        return content;
    }
}
