using System;
using System.IO;
using System.Runtime.Versioning;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Consistency;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

/// <summary>Real scripts. Needs root: scripts of anyone else are refused.</summary>
[SupportedOSPlatform("linux")]
public sealed class ApplicationScriptsTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly string _folder;

    public ApplicationScriptsTests()
    {
        RealTools.RequireRoot();
        _folder = Directory.CreateDirectory(_temporary.At("scripts")).FullName;
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string CallsPath => _temporary.At("calls");

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public async Task RunInOrderBeforeAndInReverseAfter()
    {
        Add("10-first");
        Add("20-second");
        Add("30-switched-off", isExecutable: false);
        IApplicationRest rest = await Scripts().RestAsync(Stop);
        Assert.Equal(2, rest.Prepared);
        Assert.Equal(["10-first pre", "20-second pre"], Calls());
        Assert.Null(await rest.ReleaseAsync());
        Assert.Equal(["10-first pre", "20-second pre", "20-second post", "10-first post"], Calls());
    }

    [Fact]
    public async Task OneThatFailsIsNamedWithItsLastWordsAndAllBegunAreReleased()
    {
        Add("10-first");
        Add("20-fails", "[ $1 = post ] || { echo the database is down >&2; exit 3; }");
        Add("30-third");
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop));
        Assert.Equal(AsrErrorCode.AppConsistencyFailed, error.Code);
        Assert.Equal(Path.Combine(_folder, "20-fails"), error.Target);
        Assert.Contains("ended with 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("the database is down", error.Message, StringComparison.Ordinal);
        Assert.Equal(["10-first pre", "20-fails pre", "20-fails post", "10-first post"], Calls());
    }

    [Fact]
    public async Task OneThatHangsIsKilledWithItsChildren()
    {
        string child = _temporary.At("child");
        Add("10-hangs", $"[ $1 = post ] || {{ sleep 1000 & echo $! > '{child}'; wait; }}");
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Scripts(TimeSpan.FromMilliseconds(500)).RestAsync(Stop));
        Assert.Contains("did not end", error.Message, StringComparison.Ordinal);
        Assert.Equal(["10-hangs pre", "10-hangs post"], Calls());
        string state = Path.Combine("/proc", (await File.ReadAllTextAsync(child, Stop)).Trim(), "stat");
        Assert.True(!File.Exists(state) || (await File.ReadAllTextAsync(state, Stop)).Contains(") Z", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AFailureAfterwardsIsToldAndTheOthersAreReleased()
    {
        Add("10-first");
        Add("20-fails", "[ $1 = pre ]");
        IApplicationRest rest = await Scripts().RestAsync(Stop);
        AsrError? error = await rest.ReleaseAsync();
        Assert.Equal(Path.Combine(_folder, "20-fails"), error?.Target);
        Assert.Equal("10-first post", Calls()[^1]);
    }

    [Fact]
    public async Task WhatOthersThanRootCanChangeIsRefused()
    {
        string script = Add("10-first");
        File.SetUnixFileMode(script, File.GetUnixFileMode(script) | UnixFileMode.GroupWrite);
        Assert.Equal(script, (await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop))).Target);
        File.SetUnixFileMode(script, File.GetUnixFileMode(script) & ~UnixFileMode.GroupWrite);
        await RealTools.CheckAsync("chown", "65534", script);
        Assert.Equal(script, (await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop))).Target);
        File.Delete(script);
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.OtherWrite);
        Assert.Equal(_folder, (await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop))).Target);
        Assert.Empty(Calls());
    }

    [Fact]
    public async Task OutputIsKeptWithinBounds()
    {
        Add("10-talks", "head -c 10000000 /dev/zero | tr '\\0' x; echo the end; exit 1");
        AsrException error = await Assert.ThrowsAsync<AsrException>(() => Scripts().RestAsync(Stop));
        Assert.EndsWith("the end", error.Message, StringComparison.Ordinal);
        Assert.InRange(error.Message.Length, 1000, 4000);
    }

    [Fact]
    public async Task WithoutAFolderNothingIsPrepared()
    {
        IApplicationRest rest = await new ApplicationScripts(_temporary.At("none"), ApplicationScripts.DefaultTimeout).RestAsync(Stop);
        Assert.Equal(0, rest.Prepared);
        Assert.Null(await rest.ReleaseAsync());
    }

    private ApplicationScripts Scripts(TimeSpan? timeout = null) => new(_folder, timeout ?? ApplicationScripts.DefaultTimeout);

    private string[] Calls() => File.Exists(CallsPath) ? File.ReadAllLines(CallsPath) : [];

    private string Add(string name, string action = "", bool isExecutable = true)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, $"#!/bin/sh\necho {name} $1 >> '{CallsPath}'\n{action}\n");
        File.SetUnixFileMode(path, isExecutable ? UnixFileMode.UserRead | UnixFileMode.UserExecute : UnixFileMode.UserRead);
        return path;
    }
}
