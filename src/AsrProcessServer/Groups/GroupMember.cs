using System;
using System.Collections.Generic;
using Asr.Contracts;

namespace Asr.ProcessServer.Groups;

/// <summary>A consistency group as the machines' documents make it.</summary>
/// <param name="Name">Its name, as the first of its machines has it.</param>
/// <param name="Machines">Its machines.</param>
/// <param name="CrashConsistentFrequencySeconds">Interval of its points.</param>
/// <param name="AppConsistentFrequencyHours">Interval of its app-consistent points; 0 for none.</param>
public sealed record GroupMembership(string Name, IReadOnlyList<GroupMember> Machines, int CrashConsistentFrequencySeconds, int AppConsistentFrequencyHours);

/// <summary>A machine of a group.</summary>
/// <param name="Id">The machine.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">Where it stands.</param>
public sealed record GroupMember(Guid Id, string Name, MachineState State);
