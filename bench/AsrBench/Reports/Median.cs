using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;

namespace Asr.Bench.Reports;

/// <summary>Runs something several times.</summary>
internal static class Median
{
    /// <summary>The middle value; of an even number the lower middle one.</summary>
    public static double Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length - 1) / 2];
    }

    /// <summary>The median of what a measurement gives.</summary>
    public static async Task<double> OfRunsAsync(int runs, Func<int, Task<double>> measure)
    {
        List<double> values = [];
        for (int run = 0; run < runs; run++)
        {
            values.Add(await measure(run));
        }

        return Of(values);
    }
}
