using System;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.ProcessServer.Machines;

namespace Asr.ProcessServer.Configuration;

/// <summary>Changes of policies seen from the machines under them: a changed policy reaches them, a used one stays.</summary>
internal sealed class PolicyChanges(IPolicyStore policies, IMachineService machines)
{
    /// <summary>Stores a policy and tells the machines.</summary>
    public async Task<AsrReplicationPolicy> PutAsync(AsrReplicationPolicy policy, bool create, CancellationToken cancellationToken)
    {
        AsrReplicationPolicy stored = await policies.PutAsync(policy, create, cancellationToken);
        await machines.OnPolicyChangedAsync(stored, cancellationToken);
        return stored;
    }

    /// <summary>
    /// Removes a policy no machine uses; <see cref="AsrErrorCode.InUse"/>. A machine that starts under it in the same instant may be missed;
    /// machines work on with the values they have, and creating the policy again mends it.
    /// </summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        string failbackName = name + PolicyRules.FailbackSuffix;
        foreach (AsrReplicatedMachine machine in await machines.ListAsync(cancellationToken))
        {
            if (string.Equals(machine.PolicyName, name, StringComparison.OrdinalIgnoreCase)
                || string.Equals(machine.PolicyName, failbackName, StringComparison.OrdinalIgnoreCase))
            {
                throw new AsrException(AsrErrorCode.InUse, $"Policy '{name}' is used by machine '{machine.Name}'.",
                    "Disable the machine's replication, or move it to another policy, first.", name);
            }
        }

        await policies.DeleteAsync(name, cancellationToken);
    }
}
