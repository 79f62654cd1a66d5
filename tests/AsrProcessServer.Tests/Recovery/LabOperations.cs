using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Tests.Jobs;
using Xunit;

namespace Asr.ProcessServer.Tests.Recovery;

/// <summary>What many tests of recovery begin with.</summary>
internal static class LabOperations
{
    public static async Task<LabAgent> ProtectAsync(RecoveryLab lab, long diskBytes = 4 << 20)
    {
        LabAgent agent = await LabAgent.StartAsync(lab, diskBytes: diskBytes);
        await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.EnableReplication, PolicyName = "gold" });
        return agent;
    }

    public static async Task<AsrRecoveryPoint> CreatePointAsync(RecoveryLab lab, LabAgent agent)
    {
        AsrJob job = await SucceedAsync(lab, agent, new OperationRequest { Operation = MachineOperation.CreateRecoveryPoint });
        return (await lab.Points.FindAsync(agent.MachineId, job.Id, RecoveryLab.Stop))!;
    }

    public static async Task<AsrJob> SucceedAsync(RecoveryLab lab, LabAgent agent, OperationRequest request)
    {
        AsrJob job = await lab.RunAsync(agent.MachineId, request);
        Assert.True(job.State == JobState.Succeeded, $"{request.Operation}: {job.Error?.Message}");
        return job;
    }

    public static Task<AsrReplicatedMachine> MachineAsync(RecoveryLab lab, LabAgent agent) => lab.Machines.GetAsync(agent.MachineId, RecoveryLab.Stop);
}
