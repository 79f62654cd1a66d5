using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Tests.Doubles;
using Asr.Agent.Tests.EndToEnd;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>
/// PostgreSQL on a data folder of its own, heard of only at a Unix socket in that folder. Runs as user postgres, since it refuses root. Ended when disposed, as a crash
/// would end it: what it owes its data it does at its next start.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private const string User = "postgres";
    private const string ProgramsRoot = "/usr/lib/postgresql";

    private readonly ManagedProcess _process;
    private readonly string _data;

    private PostgresServer(ManagedProcess process, string data)
    {
        _process = process;
        _data = data;
    }

    /// <summary>Skips the test unless PostgreSQL is there.</summary>
    public static void Require()
    {
        RealTools.RequireRoot();
        RealTools.Require("setpriv", "install");
        Assert.SkipWhen(FindPrograms() is null, "needs PostgreSQL: install the Debian package postgresql");
    }

    /// <summary>Makes an empty cluster, with checksums on its pages.</summary>
    public static async Task CreateAsync(string data)
    {
        await RealTools.CheckAsync("install", "-d", "-o", User, "-g", User, "-m", "700", data);
        await RealTools.CheckAsync("setpriv", AsUser("initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums"));
    }

    /// <summary>Starts on a cluster and waits until it answers.</summary>
    public static async Task<PostgresServer> StartAsync(string data)
    {
        string[] arguments = AsUser("postgres", "-D", data, "-k", data, "-h", "", "-c", "min_wal_size=32MB", "-c", "max_wal_size=64MB");
        PostgresServer server = new(ManagedProcess.StartProgram(RealTools.Find("setpriv")!, arguments), data);
        try
        {
            await Eventually.SeeAsync(
                $"PostgreSQL in {data} to answer; it wrote {server._process.Errors}",
                () => RealTools.RunAsync(Program("pg_isready"), "-h", data, "-q"),
                result => result.ExitCode == 0 || server._process.HasExited);
            Assert.False(server._process.HasExited, server._process.Errors);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a query gives, columns parted by a bar.</summary>
    public async Task<string> QueryAsync(string sql) =>
        (await RealTools.CheckAsync(Program("psql"), "-h", _data, "-U", User, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql, User)).Trim();

    /// <summary>Runs pgbench on it.</summary>
    public Task PgbenchAsync(params string[] arguments) => RealTools.CheckAsync(Program("pgbench"), ["-h", _data, "-U", User, .. arguments, User]);

    /// <summary>A client whose statements come by its input and are answered, one line each, by its output; each is a transaction. The caller ends it.</summary>
    public Process StartClient() => RealTools.Start(Program("psql"), "-h", _data, "-U", User, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", User);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Every backend has ended when it has; a kill of the first process alone leaves them on the file system for a moment.
            await RealTools.RunAsync("setpriv", AsUser("pg_ctl", "stop", "-D", _data, "-m", "immediate"));
        }

        await _process.DisposeAsync();
    }

    private static string Program(string name) => Path.Combine(FindPrograms()!, name);

    private static string? FindPrograms() =>
        Directory.Exists(ProgramsRoot)
            ? Directory.EnumerateDirectories(ProgramsRoot).Select(static version => Path.Combine(version, "bin")).Order().LastOrDefault(static folder => File.Exists(Path.Combine(folder, "initdb")))
            : null;

    private static string[] AsUser(string program, params string[] arguments) => ["--reuid=" + User, "--regid=" + User, "--clear-groups", Program(program), .. arguments];
}
