using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs;

/// <summary>Plans the jobs of one or several operations: returns steps; the <see cref="JobRunner"/> runs, retries and undoes them.</summary>
public interface IJobDefinition
{
    /// <summary>The operations it plans.</summary>
    IReadOnlyList<MachineOperation> Operations { get; }

    /// <summary>The steps for a request. Depends on nothing but the request, so that a resumed job has the plan it began with.</summary>
    IReadOnlyList<JobStep> Plan(OperationRequest request);
}
