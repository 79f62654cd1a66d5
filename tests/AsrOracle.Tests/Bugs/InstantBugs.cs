using System;
using System.Collections.Generic;
using System.Linq;
using Asr.Contracts;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>The disks of an instant are read one after another, not under one barrier.</summary>
internal sealed class NotesInstantsOutsideTheBarrier : PlantedBug
{
    private MachineInstant? _previous;

    public override IReadOnlyList<MachineInstant> Instants(IReadOnlyList<MachineInstant> told) => [.. told.Select(Mix)];

    private MachineInstant Mix(MachineInstant instant)
    {
        MachineInstant earlier = _previous ?? instant;
        _previous = instant;
        return instant with { Disks = [earlier.Disks[0], .. instant.Disks.Skip(1)] };
    }
}

/// <summary>The time of an instant is read after its positions, and a while later.</summary>
internal sealed class NotesInstantsWithALaterTime : PlantedBug
{
    public override IReadOnlyList<MachineInstant> Instants(IReadOnlyList<MachineInstant> told) =>
        [.. told.Select(instant => instant with { Time = instant.Time.AddMilliseconds(200) })];
}
