using System;
using System.IO;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Site;

/// <summary>PostgreSQL with pgbench's tables, at a Unix socket in its data folder, as user postgres since it refuses root. Ended when disposed.</summary>
internal sealed partial class BenchDatabase : IAsyncDisposable
{
    /// <summary>What is run.</summary>
    public const string Command = "pgbench -n -c 8 -j 2 -T 6";

    private const string User = "postgres";
    private const int Scale = 10;

    private readonly string _data;
    private readonly string _programs;
    private readonly string _placement;
    private readonly ServerProcess _process;

    private BenchDatabase(string data, string programs, string placement, ServerProcess process)
    {
        _data = data;
        _programs = programs;
        _placement = placement;
        _process = process;
    }

    /// <summary>Makes and fills a database in a folder, which all users must be able to reach.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="placement">Command that starts the server and its clients, before their own.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<BenchDatabase> StartAsync(string folder, string placement, CancellationToken cancellationToken)
    {
        string programs = (await Shell.RunAsync("dirname $(ls /usr/lib/postgresql/*/bin/initdb | tail -n 1)", cancellationToken)).Trim();
        string data = Path.Join(folder, "pg");
        await Shell.RunAsync($"install -d -o {User} -g {User} -m 700 {data} && {AsUser} {programs}/initdb -D {data} -A trust --locale=C", cancellationToken);
        string[] start = $"{placement} {AsUser}".Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ServerProcess process = ServerProcess.Start(start[0], [.. start[1..], $"{programs}/postgres", "-D", data, "-k", data, "-h", "", "-c", "max_wal_size=256MB"]);
        BenchDatabase database = new(data, programs, placement, process);
        try
        {
            await Shell.RunAsync($"for i in $(seq 100); do {programs}/pg_isready -q -h {data} && break; sleep 0.1; done; {programs}/pgbench -h {data} -U {User} -i -q -s {Scale} {User}", cancellationToken);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Transactions a second of a run of pgbench.</summary>
    public async Task<double> RunAsync(CancellationToken cancellationToken)
    {
        string output = await Shell.RunAsync($"{_placement} {_programs}/{Command} -h {_data} -U {User} {User}", cancellationToken);
        return double.Parse(Rate().Match(output).Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Shell.RunAsync($"{AsUser} {_programs}/pg_ctl stop -D {_data} -m fast", CancellationToken.None);
        await _process.DisposeAsync();
    }

    private static string AsUser => $"setpriv --reuid={User} --regid={User} --clear-groups";

    [GeneratedRegex(@"^tps = ([0-9.]+)", RegexOptions.Multiline)]
    private static partial Regex Rate();
}
