using System;
using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench;

Option<string> size = new("--size") { Description = "Size of the disk image, for example 1GiB.", DefaultValueFactory = _ => "8GiB" };
Option<int> runs = new("--runs") { Description = "Runs of each workload; the median counts.", DefaultValueFactory = _ => 3 };
Option<string> work = new("--work") { Description = "An existing folder for images, vaults and repositories: about five times the image.", DefaultValueFactory = _ => "/tmp" };
Option<string> binaries = new("--binaries") { Description = "Folder of asr-agent and asr-appliance.", Required = true };
Option<string> results = new("--results") { Description = "The file of results, JSON.", Required = true };
Option<string> page = new("--page") { Description = "The page of results, Markdown.", Required = true };
Option<string[]> only = new("--only") { Description = "Names of workloads; without it all run. The page keeps what it has of the others.", AllowMultipleArgumentsPerToken = true };
RootCommand root = new("Measures the product against other programs on one disk image, in one run, on this machine.") { size, runs, work, binaries, results, page, only };
root.SetAction((parsed, cancellationToken) => BenchRun.RunAsync(
    new BenchOptions
    {
        ImageBytes = ByteSize.Parse(parsed.GetValue(size)!),
        Runs = Math.Max(1, parsed.GetValue(runs)),
        WorkPath = parsed.GetValue(work)!,
        BinariesPath = parsed.GetValue(binaries)!,
        ResultsPath = parsed.GetValue(results)!,
        PagePath = parsed.GetValue(page)!,
        Only = parsed.GetValue(only) ?? [],
    },
    cancellationToken));
return await root.Parse(args).InvokeAsync(new InvocationConfiguration(), CancellationToken.None);
