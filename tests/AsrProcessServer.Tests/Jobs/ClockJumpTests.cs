using System;
using System.Threading.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Xunit;

namespace Asr.ProcessServer.Tests.Jobs;

public sealed class ClockJumpTests
{
    [Fact]
    public async Task A_silo_whose_clock_jumps_while_it_starts_does_not_declare_itself_dead()
    {
        MembershipLog log = new();
        await using RecoveryLab lab = await RecoveryLab.StartAsync(services => services
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log))
            .AddSingleton<ILifecycleParticipant<ISiloLifecycle>, LateActivation>());

        // The silo notes its start by the system's clock, and by this one it then has been joining for 40 days.
        lab.Time.Advance(TimeSpan.FromDays(40));
        await lab.RestartAsync();
        await lab.HaltAsync();

        Assert.Contains(log.Messages, message => message.Contains("BecomeActive", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Messages, message => message.Contains("TryToSuspectOrKill", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Messages, message => message.Contains("DeclareDead", StringComparison.Ordinal));
    }

    /// <summary>Holds a starting silo as one that is joining, so that those who watch it see it so.</summary>
    private sealed class LateActivation : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
            nameof(LateActivation), ServiceLifecycleStage.BecomeActive - 1, static cancellationToken => Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken));
    }
}
