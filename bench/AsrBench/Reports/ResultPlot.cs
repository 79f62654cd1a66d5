using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Asr.Bench.Reports;

/// <summary>The results as a picture: how far from its goal each is, on a logarithmic scale. Right of the line is reached.</summary>
internal static class ResultPlot
{
    private const double Width = 1000;
    private const double RowHeight = 26;
    private const double FrameHeight = 110;

    // Room for the names, the title and the scale. Given, because whoever shows the file has other fonts than the one it is measured with here.
    private static readonly OxyThickness Margins = new(350, 40, 30, 50);

    private static readonly OxyColor Reached = OxyColor.FromRgb(0x2E, 0x7D, 0x32);
    private static readonly OxyColor Missed = OxyColor.FromRgb(0xC6, 0x28, 0x28);

    /// <summary>Writes an SVG file.</summary>
    public static async Task WriteAsync(string path, IReadOnlyList<BenchResult> results, CancellationToken cancellationToken)
    {
        // Charts count from below, pages from above.
        BenchResult[] rows = [.. results.Where(static result => result.IsMet is not null).Reverse()];
        CategoryAxis names = new() { Position = AxisPosition.Left, GapWidth = 0.3 };
        BarSeries bars = new() { BaseValue = 1 };
        foreach (BenchResult result in rows)
        {
            names.Labels.Add(result.Workload);
            bars.Items.Add(new BarItem(ShareOfGoal(result)) { Color = result.IsMet == true ? Reached : Missed });
        }

        PlotModel model = new() { Title = "Goal = 1", TitlePadding = 10, Padding = new OxyThickness(20), PlotMargins = Margins, Background = OxyColors.White };
        model.Axes.Add(names);
        model.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Bottom, MajorGridlineStyle = LineStyle.Dot, Minimum = 0.1, Title = "result / goal, more is better" });
        model.Series.Add(bars);
        model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Vertical, X = 1, Color = OxyColors.Black, LineStyle = LineStyle.Solid });
        SvgExporter exporter = new() { Width = Width, Height = FrameHeight + (rows.Length * RowHeight) };
        await File.WriteAllTextAsync(path, exporter.ExportToString(model), cancellationToken);
    }

    private static double ShareOfGoal(BenchResult result)
    {
        double goal = double.Parse(result.Goal.Split(' ')[1], CultureInfo.InvariantCulture);
        return result.Goal.StartsWith('>') ? result.Ratio / goal : goal / result.Ratio;
    }
}
