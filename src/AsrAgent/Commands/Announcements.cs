using System;
using System.Collections.Generic;

namespace Asr.Agent.Commands;

/// <summary>What <c>asr-agent enroll</c> prints.</summary>
internal sealed record EnrolledMachine(Guid MachineId, string MachineName, Uri ControlEndpoint, Uri DataEndpoint);

/// <summary>What <c>asr-agent run</c> prints once the disks are in service.</summary>
internal sealed record ServingMachine(Guid MachineId, IReadOnlyList<ServingDisk> Disks);

/// <summary>One of them.</summary>
internal sealed record ServingDisk(Guid Id, string Name, long SizeBytes, string? ExportUri);
