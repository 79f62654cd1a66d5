using System;
using System.IO;
using System.Linq;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>The sample for PostgreSQL with the real server. Needs root, and PostgreSQL with its user.</summary>
[SupportedOSPlatform("linux")]
public sealed class PostgreSqlSampleTests : IAsyncLifetime
{
    private readonly TemporaryFolder _temporary = new();
    private string? _programs;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string DataPath => _temporary.At("data");

    public async ValueTask InitializeAsync()
    {
        RealTools.RequireRoot();
        RealTools.Require("setpriv", "chown");
        const string Versions = "/usr/lib/postgresql";
        string? version = Directory.Exists(Versions) ? Directory.GetDirectories(Versions).Order(StringComparer.Ordinal).LastOrDefault() : null;
        Assert.SkipWhen(version is null || !File.Exists(Path.Combine(version, "bin/initdb")), "needs PostgreSQL: install the Debian package postgresql");
        _programs = Path.Combine(version!, "bin");
        File.SetUnixFileMode(_temporary.Path, (UnixFileMode)0x1FF);
        await AsOwnerAsync("initdb", "--pgdata", DataPath, "--auth", "trust", "--no-sync");
        await AsOwnerAsync("pg_ctl", "--pgdata", DataPath, "--wait", "--log", _temporary.At("log"), "--options", $"-c listen_addresses= -c unix_socket_directories={_temporary.Path}", "start");
    }

    public async ValueTask DisposeAsync()
    {
        if (File.Exists(Path.Combine(DataPath, "postmaster.pid")))
        {
            await AsOwnerAsync("pg_ctl", "--pgdata", DataPath, "--wait", "--mode", "immediate", "stop");
        }

        _temporary.Dispose();
    }

    [Fact]
    public async Task ACheckpointIsMadeBeforeThePoint()
    {
        string before = await CheckpointAsync();
        await AsOwnerAsync("psql", "--host", _temporary.Path, "--dbname", "postgres", "--command", "CREATE TABLE t AS SELECT generate_series(1, 1000)");
        IApplicationRest rest = await Scripts().RestAsync(Stop);
        string after = await CheckpointAsync();
        Assert.Null(await rest.ReleaseAsync());
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task AServerThatIsDownIsToldInItsOwnWords()
    {
        await AsOwnerAsync("pg_ctl", "--pgdata", DataPath, "--wait", "--mode", "fast", "stop");
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop));
        Assert.Contains("Is the server running", error.Message, StringComparison.Ordinal);
    }

    private async Task<string> CheckpointAsync() =>
        (await AsOwnerAsync("pg_controldata", DataPath)).Split('\n').Single(line => line.StartsWith("Latest checkpoint location", StringComparison.Ordinal));

    private Task<string> AsOwnerAsync(string program, params string[] arguments) =>
        RealTools.CheckAsync("setpriv", ["--reuid=postgres", "--regid=postgres", "--init-groups", "env", "--chdir=/", Path.Combine(_programs!, program), .. arguments]);

    // The sample as it is, told by its environment which server it is for.
    private ApplicationScripts Scripts()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root!.FullName, "Asr.slnx")))
        {
            root = root.Parent;
        }

        string folder = Directory.CreateDirectory(_temporary.At("scripts")).FullName;
        File.SetUnixFileMode(folder, (UnixFileMode)0x1ED);
        string script = Path.Combine(folder, "10-postgresql");
        File.WriteAllText(
            script, $"#!/bin/bash\nexport PGHOST='{_temporary.Path}' PSQL='{_programs}/psql'\nexec bash '{root.FullName}/samples/app-consistent/postgresql' \"$1\"\n");
        File.SetUnixFileMode(script, (UnixFileMode)0x1ED);
        return new ApplicationScripts(folder, ApplicationScripts.DefaultTimeout);
    }
}
