using Asr.Agent.Commands;

return await AgentCommandLine.InvokeAsync(args).ConfigureAwait(false);
