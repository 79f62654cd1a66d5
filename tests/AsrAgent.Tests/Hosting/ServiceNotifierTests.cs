using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Agent.Hosting;
using Asr.Agent.Tests.Doubles;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Hosting;

/// <summary>The messages to systemd, on a real socket.</summary>
public sealed class ServiceNotifierTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryMessageArrives(bool isAbstract)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "systemd is on Linux.");
        using NotifySocket manager = new(isAbstract ? $"@asr-test-{Guid.NewGuid():N}" : _temporary.At("notify"));
        using ServiceNotifier notifier = Connect(manager.Address);
        notifier.Ready("one disk");
        notifier.Alive("in sync");
        notifier.Stopping();
        await manager.UntilAsync("STOPPING=1", Cancelled);
        Assert.Equal(["READY=1\nSTATUS=one disk", "WATCHDOG=1\nSTATUS=in sync", "STOPPING=1\nSTATUS=stopping"], manager.Messages);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("30000000", null, 30)]
    [InlineData("30000000", "self", 30)]
    [InlineData("30000000", "1", null)]
    [InlineData("0", null, null)]
    [InlineData("soon", null, null)]
    [InlineData("99999999999999999999", null, null)]
    public void TheWatchdogIsTheManagers(string? microseconds, string? process, int? seconds)
    {
        using NotifySocket manager = new(_temporary.At("notify"));
        using ServiceNotifier notifier = Connect(manager.Address, ("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", process == "self" ? Environment.ProcessId.ToString() : process));
        Assert.Equal(seconds is { } known ? TimeSpan.FromSeconds(known) : null, notifier.WatchdogInterval);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/nowhere/notify")]
    public void WithoutAManagerNothingHappens(string? address)
    {
        using ServiceNotifier notifier = Connect(address, ("WATCHDOG_USEC", "1000000"));
        notifier.Ready("");
        Assert.Null(notifier.WatchdogInterval);
    }

    [Fact]
    public void AManagerThatHasGoneOrDoesNotReadDisturbsNobody()
    {
        NotifySocket manager = new(_temporary.At("notify"));
        using ServiceNotifier notifier = Connect(manager.Address);
        for (int i = 0; i < 10_000; i++)
        {
            notifier.Alive("");
        }

        manager.Dispose();
        notifier.Alive("");
    }

    public void Dispose() => _temporary.Dispose();

    private static ServiceNotifier Connect(string? address, params (string Name, string? Value)[] variables)
    {
        Dictionary<string, string?> environment = new() { ["NOTIFY_SOCKET"] = address };
        foreach ((string name, string? value) in variables)
        {
            environment[name] = value;
        }

        return new ServiceNotifier(environment.GetValueOrDefault);
    }
}
