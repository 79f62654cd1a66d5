using System;
using System.Collections.Generic;

namespace Asr.Oracle.Tests.Harness;

/// <summary>What the oracle says about one run.</summary>
internal sealed class Verdict(RunPlan plan)
{
    private readonly List<string> _violations = [];

    /// <summary>Points judged.</summary>
    public int Points { get; set; }

    /// <summary>Instants between points judged.</summary>
    public int Instants { get; set; }

    public IReadOnlyList<string> Violations => _violations;

    public void Violate(string what) => _violations.Add(what);

    public override string ToString() =>
        $"{plan}: {Points} points, {Instants} instants, {_violations.Count} violations{Environment.NewLine}{string.Join(Environment.NewLine, _violations)}";
}
