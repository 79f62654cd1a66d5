using System;
using System.CommandLine;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.DiskTool;

RootCommand root = new("Writes to a disk as a workload would, and tells what is on it. For drills and tests.")
{
    WriteCommand.Create(),
    HashCommand.Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, CancellationToken.None);
}
catch (Exception error) when (error is AsrException or OperationCanceledException)
{
    Console.Error.WriteLine(JsonSerializer.Serialize(AsrError.From(error), AsrJson.Options));
    return 1;
}
