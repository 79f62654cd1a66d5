using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Jobs;
using Asr.ProcessServer.Machines;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Xunit;

namespace Asr.ProcessServer.Tests.Jobs;

public sealed class JobResumeTests
{
    public static TheoryData<string, int> Places
    {
        get
        {
            TheoryData<string, int> places = [];
            for (int step = 0; step < CrashingJob.StepCount; step++)
            {
                places.Add("before", step);
                places.Add("after", step);
            }
            return places;
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_job_goes_on_after_a_crash_and_makes_every_effect_once(string place, int step)
    {
        CrashingJob script = new() { HoldAt = $"{place}:{step}" };
        await using RecoveryLab lab = await StartAsync(script);
        (Guid machineId, AsrJob accepted) = await BeginAsync(lab);
        await script.Held.Task.WaitAsync(RecoveryLab.Stop);
        await lab.HaltAsync();
        script.Continue();
        await lab.BootAsync();

        AsrJob job = await lab.EndOfAsync(accepted.Id);

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.All(job.Tasks, task => Assert.Equal(JobState.Succeeded, task.State));
        Assert.Equal(Enumerable.Range(0, CrashingJob.StepCount).Select(index => $"effect {index}"), script.Effects.Keys.Order());
        // Only the interrupted step runs again; those recorded as done do not.
        List<string> expected = Enumerable.Range(0, CrashingJob.StepCount).Select(index => $"run {index}").ToList();
        expected.Insert(step, $"run {step}");
        Assert.Equal(expected, script.Log);
        Assert.Null((await LookAsync(lab, machineId)).Job);
    }

    [Fact]
    public async Task A_failed_job_takes_back_what_its_steps_made_in_reverse_order_and_says_why()
    {
        CrashingJob script = new() { FailAt = 2 };
        await using RecoveryLab lab = await StartAsync(script);
        (Guid machineId, AsrJob accepted) = await BeginAsync(lab);

        AsrJob job = await lab.EndOfAsync(accepted.Id);

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal(AsrErrorCode.TargetUnavailable, job.Error!.Code);
        Assert.Equal("Bring it back.", job.Error.Action);
        Assert.Equal([JobState.Succeeded, JobState.Succeeded, JobState.Failed, JobState.NotStarted], job.Tasks.Select(task => task.State));
        Assert.Equal(["run 0", "run 1", "run 2", "undo 2", "undo 1", "undo 0"], script.Log);
        Assert.Empty(script.Effects);
        MachineDocument machine = await LookAsync(lab, machineId);
        Assert.Equal(MachineState.Discovered, machine.State);
        Assert.Null(machine.PolicyName);
        Assert.Contains(await lab.EventsAsync(), happened => happened.Code == "JobFailed" && happened.MachineId == machineId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_crash_while_a_failed_job_is_taken_back_leaves_nothing_behind(int step)
    {
        CrashingJob script = new() { FailAt = 2, HoldAt = $"undo:{step}" };
        await using RecoveryLab lab = await StartAsync(script);
        (Guid machineId, AsrJob accepted) = await BeginAsync(lab);
        await script.Held.Task.WaitAsync(RecoveryLab.Stop);
        await lab.HaltAsync();
        script.Continue();
        await lab.BootAsync();

        AsrJob job = await lab.EndOfAsync(accepted.Id);

        Assert.Equal(JobState.Failed, job.State);
        Assert.Equal(AsrErrorCode.TargetUnavailable, job.Error!.Code);
        Assert.Empty(script.Effects);
        Assert.Equal(MachineState.Discovered, (await LookAsync(lab, machineId)).State);
    }

    [Fact]
    public async Task The_same_request_again_is_the_same_job()
    {
        CrashingJob script = new();
        await using RecoveryLab lab = await StartAsync(script);
        (Guid machineId, AsrJob first) = await BeginAsync(lab);
        await lab.EndOfAsync(first.Id);

        AsrJob again = await lab.StartAsync(machineId, new OperationRequest { RequestId = first.Id, Operation = MachineOperation.EnableReplication, PolicyName = "gold" });

        Assert.Equal(first.Id, again.Id);
        Assert.Equal(JobState.Succeeded, again.State);
        Assert.Equal(CrashingJob.StepCount, script.Log.Count);
        Assert.Single(await lab.Jobs.ListAsync(10, RecoveryLab.Stop));
    }

    private static Task<RecoveryLab> StartAsync(CrashingJob script) => RecoveryLab.StartAsync(services =>
    {
        services.RemoveAll<IJobDefinition>();
        services.AddSingleton<IJobDefinition>(script);
    });

    private static async Task<(Guid MachineId, AsrJob Job)> BeginAsync(RecoveryLab lab)
    {
        Guid machineId = await lab.EnrollAsync("web01", new AsrDisk { Id = Guid.NewGuid(), Name = "data", SizeBytes = 1 << 20 });
        AsrJob job = await lab.StartAsync(machineId, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        return (machineId, job);
    }

    private static async Task<MachineDocument> LookAsync(RecoveryLab lab, Guid machineId) =>
        (await lab.Services.GetRequiredService<MachineDirectory>().ListAsync(RecoveryLab.Stop)).Single(machine => machine.Id == machineId);
}
