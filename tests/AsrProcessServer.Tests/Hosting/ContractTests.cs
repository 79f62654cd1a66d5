using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

public sealed class ContractTests
{
    /// <summary>Every path of the contract.</summary>
    public static IReadOnlyList<string> Routes { get; } = typeof(AsrRoutes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (string)field.GetRawConstantValue()!).ToList();

    [Fact]
    public async Task The_OpenAPI_document_lists_every_route_and_its_failure_body()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        JsonElement document = await alice.GetForAsync<JsonElement>(AsrRoutes.OpenApi);

        JsonElement paths = document.GetProperty("paths");
        Assert.Equal(Routes.Except([AsrRoutes.OpenApi]).Order(), paths.EnumerateObject().Select(path => path.Name).Order());
        foreach (JsonProperty path in paths.EnumerateObject())
        {
            foreach (JsonProperty operation in path.Value.EnumerateObject())
            {
                string? failure = operation.Value.GetProperty("responses").GetProperty("default").GetProperty("content").GetProperty("application/json")
                    .GetProperty("schema").GetProperty("$ref").GetString();
                Assert.Equal("#/components/schemas/AsrError", failure);
            }
        }
    }

    [Fact]
    public async Task Unknown_routes_and_methods_are_errors_with_a_body()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError unknown = await HttpClientExtensions.ErrorOfAsync(alice.GetAsync("/v2/machines", TestAppliance.Stop), HttpStatusCode.NotFound);
        AsrError method = await HttpClientExtensions.ErrorOfAsync(alice.DeleteAsync(AsrRoutes.Machines, TestAppliance.Stop), HttpStatusCode.MethodNotAllowed);

        Assert.Equal([AsrErrorCode.NotFound, AsrErrorCode.InvalidArgument], [unknown.Code, method.Code]);
    }

    [Theory]
    [InlineData("", "application/json")]
    [InlineData("null", "application/json")]
    [InlineData("{", "application/json")]
    [InlineData("[1]", "application/json")]
    [InlineData("{\"operation\":\"Explode\"}", "application/json")]
    [InlineData("{\"requestId\":\"not a guid\"}", "application/json")]
    [InlineData("{\"operation\":\"Failback\"}", "application/json")]
    [InlineData("{\"requestId\":\"6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a\",\"operation\":\"Failback\",\"pointInTime\":\"2026-01-01T00:00:00Z\"}", "application/json")]
    public async Task A_malformed_body_is_named(string body, string mediaType)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        using StringContent content = new(body, Encoding.UTF8, mediaType);

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.PostAsync($"/v1/machines/{Guid.NewGuid()}/operations", content, TestAppliance.Stop), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task Another_media_type_is_refused()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();
        using StringContent content = new("{}", Encoding.UTF8, "text/plain");

        AsrError error = await HttpClientExtensions.ErrorOfAsync(
            alice.PostAsync($"/v1/machines/{Guid.NewGuid()}/operations", content, TestAppliance.Stop), HttpStatusCode.UnsupportedMediaType);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public async Task An_oversized_body_is_refused_with_and_without_its_length_told()
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        byte[] body = Encoding.UTF8.GetBytes($"{{\"passphrase\":\"{new string('x', 70_000)}\"}}");

        foreach (bool chunked in new[] { false, true })
        {
            using HttpClient stranger = appliance.NewClient(null);
            using HttpRequestMessage request = new(HttpMethod.Post, AsrRoutes.EnrollOperator) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TransferEncodingChunked = chunked;
            AsrError error = await HttpClientExtensions.ErrorOfAsync(stranger.SendAsync(request, TestAppliance.Stop), HttpStatusCode.RequestEntityTooLarge);
            Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        }
    }

    [Theory]
    [InlineData("/v1/jobs?top=0")]
    [InlineData("/v1/events?top=1001")]
    [InlineData("/v1/events?top=many")]
    [InlineData("/v1/machines/6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a/points/at")]
    [InlineData("/v1/machines/6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a/points/at?time=yesterday")]
    [InlineData("/v1/jobs/6b1f0b52-6e3c-4a55-9d5c-2a1f6d1c3f0a?knownRevision=x")]
    public async Task Bad_query_values_are_refused(string path)
    {
        await using TestAppliance appliance = await TestAppliance.StartAsync();
        using HttpClient alice = await appliance.NewOperatorAsync();

        AsrError error = await HttpClientExtensions.ErrorOfAsync(alice.GetAsync(path, TestAppliance.Stop), HttpStatusCode.BadRequest);

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
    }

    [Fact]
    public void Every_error_has_a_failure_status()
    {
        Assert.All(Enum.GetValues<AsrErrorCode>(), code => Assert.InRange(Asr.ProcessServer.Hosting.HttpStatus.Of(code), 400, 599));
    }
}
