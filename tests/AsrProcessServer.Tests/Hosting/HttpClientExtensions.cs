using System.Net;
using System.Net.Http;
using System.Net.Http.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.ProcessServer.Tests.Hosting;

/// <summary>Requests as the module and agents make them.</summary>
internal static class HttpClientExtensions
{
    public static async Task<T> GetForAsync<T>(this HttpClient client, string path)
    {
        using HttpResponseMessage response = await client.GetAsync(path, TestAppliance.Stop);
        return await ReadAsync<T>(response);
    }

    public static async Task<T> PostForAsync<T>(this HttpClient client, string path, object? body)
    {
        using HttpResponseMessage response = await client.PostAsync(path, body is null ? null : JsonContent.Create(body, body.GetType(), options: AsrJson.Options), TestAppliance.Stop);
        return await ReadAsync<T>(response);
    }

    public static async Task<T> PutForAsync<T>(this HttpClient client, string path, T body)
    {
        using HttpResponseMessage response = await client.PutAsJsonAsync(path, body, AsrJson.Options, TestAppliance.Stop);
        return await ReadAsync<T>(response);
    }

    public static async Task<T> PatchForAsync<T>(this HttpClient client, string path, object body)
    {
        using HttpResponseMessage response = await client.PatchAsync(path, JsonContent.Create(body, body.GetType(), options: AsrJson.Options), TestAppliance.Stop);
        return await ReadAsync<T>(response);
    }

    /// <summary>The error of a request that must fail with this status.</summary>
    public static async Task<AsrError> ErrorOfAsync(Task<HttpResponseMessage> request, HttpStatusCode status)
    {
        using HttpResponseMessage response = await request;
        string body = await response.Content.ReadAsStringAsync(TestAppliance.Stop);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {body}");
        AsrError error = System.Text.Json.JsonSerializer.Deserialize<AsrError>(body, AsrJson.Options)!;
        Assert.NotEqual(default, error.Code);
        Assert.NotEmpty(error.Message);
        return error;
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            Assert.Fail($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(TestAppliance.Stop)}");
        }

        T? value = await response.Content.ReadFromJsonAsync<T>(AsrJson.Options, TestAppliance.Stop);
        Assert.NotNull(value);
        return value;
    }
}
