using System;
using System.Diagnostics;
using System.Text.Json;
using System.Threading.Tasks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>Waits for what must come about; how long it takes is no part of any test, the limit only ends a run that hangs.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Looks until it is right and gives what it saw; the failure says what was waited for and what was seen last.</summary>
    public static async Task<T> SeeAsync<T>(string what, Func<Task<T>> look, Func<T, bool> isRight)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            T seen = await look();
            if (isRight(seen))
            {
                return seen;
            }

            if (waited.Elapsed > Limit)
            {
                throw new TimeoutException($"Waited {Limit.TotalMinutes} minutes for {what}; last seen: {JsonSerializer.Serialize(seen, AsrJson.Indented)}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }
}
