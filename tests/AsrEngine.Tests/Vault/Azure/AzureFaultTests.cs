using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Tests.Vault.Backends;
using Asr.Engine.Tests.Vault.Compaction;
using Asr.Engine.Vault;
using Xunit;

namespace Asr.Engine.Tests.Vault.Azure;

/// <summary>Requests that are cut, delayed, refused, done twice, or done without an answer: each is done exactly once in effect.</summary>
public sealed class AzureFaultTests : IAsyncDisposable
{
    private static readonly SegmentName Name = new(Guid.NewGuid(), SegmentKind.Changes, 1, 1, 5);

    private readonly BlobStorage _storage = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(RequestFate.AnswerLost)]
    [InlineData(RequestFate.SentTwice)]
    [InlineData(RequestFate.Cut)]
    internal async Task A_document_is_changed_once_whatever_becomes_of_the_first_try(RequestFate fate)
    {
        ICatalog catalog = await _storage.OpenCatalogAsync();
        Once(HttpMethod.Put, fate);
        string created = await catalog.WriteAsync("policies", "one", Text("1"), null, Cancel);
        Once(HttpMethod.Put, fate);
        string changed = await catalog.WriteAsync("policies", "one", Text("2"), created, Cancel);
        CatalogDocument read = (await catalog.ReadAsync("policies", "one", Cancel))!;
        Assert.Equal((changed, "2"), (read.ETag, Encoding.UTF8.GetString(read.Content.Span)));
        await AssertCode(AsrErrorCode.Conflict, () => catalog.WriteAsync("policies", "one", Text("3"), created, Cancel));
        await AssertCode(AsrErrorCode.AlreadyExists, () => catalog.WriteAsync("policies", "one", Text("3"), null, Cancel));
        Once(HttpMethod.Delete, fate);
        await catalog.DeleteAsync("policies", "one", changed, Cancel);
        Assert.Null(await catalog.ReadAsync("policies", "one", Cancel));
    }

    [Fact]
    public async Task A_write_whose_answer_is_lost_counts_though_others_have_written_since()
    {
        ICatalog catalog = await _storage.OpenCatalogAsync();
        string first = await catalog.WriteAsync("policies", "one", Text("1"), null, Cancel);
        ICatalog other = new Asr.Engine.Vault.Azure.AzureCatalog(Asr.Engine.Vault.Azure.BlobContainerAddress.Parse(_storage.Location, Asr.Tests.Shared.Azurite.ConnectionString).Connect());
        bool isFirst = true;
        _storage.Transport.Fate = request =>
        {
            if (request.Method != HttpMethod.Put || !isFirst)
            {
                if (request.Method == HttpMethod.Put)
                {
                    // Between the lost answer and the repetition.
                    CatalogDocument now = other.ReadAsync("policies", "one", Cancel).GetAwaiter().GetResult()!;
                    other.WriteAsync("policies", "one", Text("3"), now.ETag, Cancel).GetAwaiter().GetResult();
                }

                return RequestFate.Sent;
            }

            isFirst = false;
            return RequestFate.AnswerLost;
        };
        await catalog.WriteAsync("policies", "one", Text("2"), first, Cancel);
        _storage.Transport.Fate = null;
        Assert.Equal("3", Encoding.UTF8.GetString((await catalog.ReadAsync("policies", "one", Cancel))!.Content.Span));
    }

    [Theory]
    [InlineData(RequestFate.AnswerLost)]
    [InlineData(RequestFate.SentTwice)]
    [InlineData(RequestFate.Cut)]
    internal async Task An_object_is_put_once_and_its_name_is_never_given_to_other_bytes(RequestFate fate)
    {
        await _storage.OpenCatalogAsync();
        ISegmentStore store = _storage.OpenSegments();
        byte[] content = new byte[3 << 20];
        new Random(1).NextBytes(content);
        Once(HttpMethod.Put, fate);
        await store.PutAsync(Name, content, Cancel);
        await store.PutAsync(Name, content, Cancel);
        byte[] other = [.. content];
        other[^1]++;
        await AssertCode(AsrErrorCode.WriterFenced, () => store.PutAsync(Name, other, Cancel));
        await AssertCode(AsrErrorCode.WriterFenced, () => store.PutAsync(Name, other.AsMemory(1), Cancel));
        byte[] part = new byte[1000];
        await store.ReadAsync(Name, (1 << 20) - 3, part, Cancel);
        Assert.Equal(content[((1 << 20) - 3)..][..1000], part);
        Assert.Equal(content.Length, await store.GetLengthAsync(Name, Cancel));
        await AssertCode(AsrErrorCode.SegmentCorrupt, async () => await store.ReadAsync(Name, content.Length - 10, part, Cancel));
        await AssertCode(AsrErrorCode.SegmentCorrupt, async () => await store.ReadAsync(Name, content.Length + 10, part, Cancel));
        Once(HttpMethod.Delete, fate);
        await store.DeleteAsync(Name, Cancel);
        await store.DeleteAsync(Name, Cancel);
        await AssertCode(AsrErrorCode.SegmentMissing, async () => await store.ReadAsync(Name, 0, part, Cancel));
        Assert.Null(await store.GetLengthAsync(Name, Cancel));
    }

    [Fact]
    public async Task A_busy_storage_is_asked_again_and_one_that_stays_busy_is_unavailable()
    {
        ICatalog catalog = await _storage.OpenCatalogAsync();
        int refusals = 2;
        _storage.Transport.Before = _ => Interlocked.Decrement(ref refusals) >= 0 ? Busy() : null;
        await catalog.WriteAsync("policies", "one", Text("1"), null, Cancel);
        _storage.Transport.Before = _ => Busy();
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => catalog.ReadAsync("policies", "one", Cancel));
        Assert.Equal(AsrErrorCode.VaultUnavailable, error.Code);
        Assert.Contains("503", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_many_that_count_up_at_once_on_a_bad_line_none_is_lost_or_counted_twice()
    {
        ICatalog catalog = await _storage.OpenCatalogAsync();
        string etag = await catalog.WriteAsync("policies", "count", Text("0"), null, Cancel);
        Assert.NotEmpty(etag);
        StormFrom(seed: 5);
        int counted = 0;
        await Parallel.ForAsync(0, 4, Cancel, async (_, _) =>
        {
            for (int i = 0; i < 15; i++)
            {
                while (!await TryCountAsync(catalog))
                {
                }

                Interlocked.Increment(ref counted);
            }
        });
        _storage.Transport.Fate = null;
        _storage.Transport.Before = null;
        Assert.Equal($"{counted}", Encoding.UTF8.GetString((await catalog.ReadAsync("policies", "count", Cancel))!.Content.Span));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sessions_on_a_bad_line_leave_every_position_right(int seed)
    {
        DiskStory story = new(new Random(seed));
        await using SealedVault vault = await TestVault.OpenAsync(_storage, indexRunSegments: 6, spool: new Asr.Tests.Shared.SimulatedFileLayer());
        StormFrom(seed);
        for (int session = 0; session < 3; session++)
        {
            await story.WriteSessionAsync(vault, null, 15, Cancel);
        }

        _storage.Transport.Fate = null;
        _storage.Transport.Before = null;
        await using SealedVault again = await TestVault.OpenAsync(_storage);
        foreach (StreamPosition position in story.Positions.Where((_, i) => i % 4 == 0).Append(story.Head))
        {
            await story.CheckAsync(again, position, Cancel);
        }
    }

    public ValueTask DisposeAsync() => _storage.DisposeAsync();

    private static HttpResponseMessage Busy()
    {
        HttpResponseMessage busy = new(HttpStatusCode.ServiceUnavailable);
        busy.Headers.Add("Retry-After", "0");
        busy.Headers.Add("x-ms-error-code", "ServerBusy");
        return busy;
    }

    private static async Task<bool> TryCountAsync(ICatalog catalog)
    {
        try
        {
            CatalogDocument document = (await catalog.ReadAsync("policies", "count", Cancel))!;
            int count = int.Parse(Encoding.UTF8.GetString(document.Content.Span), System.Globalization.CultureInfo.InvariantCulture);
            await catalog.WriteAsync("policies", "count", Text($"{count + 1}"), document.ETag, Cancel);
            return true;
        }
        catch (AsrException lost) when (lost.Code == AsrErrorCode.Conflict)
        {
            return false;
        }
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static async Task AssertCode(AsrErrorCode code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAnyAsync<AsrException>(action)).Code);

    /// <summary>The first request of a kind from here on has this fate.</summary>
    private void Once(HttpMethod method, RequestFate fate)
    {
        int left = 1;
        _storage.Transport.Fate = request => request.Method == method && Interlocked.Decrement(ref left) == 0 ? fate : RequestFate.Sent;
    }

    /// <summary>One of five tries goes wrong, never so many of one request in a row that the client library gives up.</summary>
    private void StormFrom(int seed)
    {
        Random random = new(seed);
        Lock gate = new();
        Dictionary<string, int> troubles = [];
        _storage.Transport.Fate = request =>
        {
            lock (gate)
            {
                string id = request.Headers.TryGetValues("x-ms-client-request-id", out IEnumerable<string>? ids) ? ids.First() : "";
                if (random.Next(5) > 0 || troubles.GetValueOrDefault(id) >= 2)
                {
                    return RequestFate.Sent;
                }

                troubles[id] = troubles.GetValueOrDefault(id) + 1;
                return (RequestFate)random.Next(1, 4);
            }
        };
    }
}
