using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.ProcessServer.Jobs;

/// <summary>Finds the plan of a request among the definitions. Safe for concurrent callers.</summary>
public sealed class JobPlanner(IEnumerable<IJobDefinition> definitions)
{
    private readonly Dictionary<MachineOperation, IJobDefinition> _definitions = definitions
        .SelectMany(definition => definition.Operations, (definition, operation) => (definition, operation))
        .ToDictionary(pair => pair.operation, pair => pair.definition);

    /// <summary>The steps of a request.</summary>
    public IReadOnlyList<JobStep> Plan(OperationRequest request) =>
        _definitions.TryGetValue(request.Operation, out IJobDefinition? definition)
            ? definition.Plan(request)
            : throw new AsrException(
                AsrErrorCode.InvalidArgument, $"Operation {request.Operation} is not known.", "Update the appliance.", request.Operation.ToString());
}
