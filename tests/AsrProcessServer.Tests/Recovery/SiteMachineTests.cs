using System;
using System.Threading.Tasks;
using Asr.ProcessServer.Machines;
using Asr.ProcessServer.Recovery;
using Asr.ProcessServer.Tests.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Asr.ProcessServer.Tests.Recovery;

public sealed class SiteMachineTests
{
    [Fact]
    public async Task What_there_should_be_is_looked_up_only_when_the_converging_before_has_ended()
    {
        await using RecoveryLab lab = await RecoveryLab.StartAsync();
        await using SiteMachine site = lab.Services.GetRequiredService<SiteMachineFactory>().Create(Guid.NewGuid());
        TaskCompletionSource<MachineDocument> first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task converging = site.ConvergeAsync(() => first.Task, RecoveryLab.Stop);
        bool hasLooked = false;

        // A document read now could still ask for a copy that the first caller is about to close for good.
        Task next = site.ConvergeAsync(
            () =>
            {
                hasLooked = true;
                return Task.FromResult(new MachineDocument());
            },
            RecoveryLab.Stop);
        Assert.False(hasLooked);
        first.SetResult(new MachineDocument());
        await converging;
        await next;
        Assert.True(hasLooked);
    }
}
