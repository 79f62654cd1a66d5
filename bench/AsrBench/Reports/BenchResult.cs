namespace Asr.Bench.Reports;

/// <summary>One comparison: medians of all runs.</summary>
/// <param name="Workload">What was measured.</param>
/// <param name="Ours">Our figure in <paramref name="Unit"/>.</param>
/// <param name="Peer">The other's figure; for a comparison with a computed bound, that bound.</param>
/// <param name="PeerCommand">The other's command line, or what the bound is.</param>
/// <param name="Unit">Unit of both figures.</param>
/// <param name="Ratio">How many times better than the peer we are: above 1 we are, whatever the unit. For a bound, ours divided by it.</param>
/// <param name="Goal">The ratio aimed at, as text; empty where there is none.</param>
/// <param name="IsMet">Whether the goal was reached; null where there is none.</param>
internal sealed record BenchResult(string Workload, double Ours, double Peer, string PeerCommand, string Unit, double Ratio, string Goal, bool? IsMet)
{
    /// <summary>A comparison in which less is better, of seconds or bytes.</summary>
    public static BenchResult Less(string workload, double ours, double peer, string command, string unit, double? goal = null) =>
        AtLeast(workload, ours, peer, command, unit, peer / ours, goal);

    /// <summary>A comparison in which more is better, of rates.</summary>
    public static BenchResult More(string workload, double ours, double peer, string command, string unit, double? goal = null) =>
        AtLeast(workload, ours, peer, command, unit, ours / peer, goal);

    /// <summary>Ours as a multiple of a bound that it should not exceed by much.</summary>
    public static BenchResult Bound(string workload, double ours, double bound, string what, string unit, double goal) =>
        new(workload, ours, bound, what, unit, ours / bound, System.FormattableString.Invariant($"<= {goal}"), ours / bound <= goal);

    private static BenchResult AtLeast(string workload, double ours, double peer, string command, string unit, double ratio, double? goal) =>
        new(workload, ours, peer, command, unit, ratio, goal is null ? "" : System.FormattableString.Invariant($">= {goal}"), goal is null ? null : ratio >= goal);
}
