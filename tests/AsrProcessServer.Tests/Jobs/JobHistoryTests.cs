using System;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Vault;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Tests.Hosting.Doubles;
using Xunit;

namespace Asr.ProcessServer.Tests.Jobs;

public sealed class JobHistoryTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_oldest_ended_jobs_go_and_running_ones_stay_however_old()
    {
        MemoryCatalog catalog = new();
        DateTimeOffset start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Guid running = await AddAsync(JobState.InProgress, start);
        Guid oldest = await AddAsync(JobState.Failed, start.AddSeconds(1));
        Guid newest = await AddAsync(JobState.Succeeded, start.AddDays(1));
        for (int i = 0; i < JobHistory.KeptCount - 1; i++)
        {
            await AddAsync(JobState.Succeeded, start.AddMinutes(i + 1));
        }
        JobHistory history = new(catalog);
        await history.TrimAsync(Stop);
        Assert.NotNull(await FindAsync(oldest));

        for (int i = 0; i < 98; i++)
        {
            await AddAsync(JobState.Succeeded, start.AddHours(20).AddSeconds(i));
        }
        await history.TrimAsync(Stop);

        Assert.Equal(JobHistory.KeptCount + 1, await catalog.ListIdsAsync(JobDocument.Collection, Stop).CountAsync(Stop));
        Assert.NotNull(await FindAsync(running));
        Assert.NotNull(await FindAsync(newest));
        Assert.Null(await FindAsync(oldest));

        async Task<Guid> AddAsync(JobState state, DateTimeOffset time)
        {
            JobDocument job = new() { Job = new AsrJob { Id = Guid.NewGuid(), State = state, StartTime = time } };
            await catalog.WriteAsync(JobDocument.Collection, job.Job.Id.ToString("D"), JsonSerializer.SerializeToUtf8Bytes(job, AsrJson.Indented), null, Stop);
            return job.Job.Id;
        }

        Task<CatalogDocument?> FindAsync(Guid id) => catalog.ReadAsync(JobDocument.Collection, id.ToString("D"), Stop);
    }
}
