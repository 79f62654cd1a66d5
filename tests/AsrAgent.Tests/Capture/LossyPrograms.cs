using System.Collections.Generic;
using Asr.Agent.Capture.Bpf;

namespace Asr.Agent.Tests.Capture;

/// <summary>The product's programs, but for writes that begin at one sector of the disk: the first program does not see them.</summary>
internal sealed class LossyPrograms(BlockLayer layer, TrackedDevice device, int blockShift, long unseenSector) : TrackerPrograms(layer, device, blockShift)
{
    private readonly BlockLayer _layer = layer;

    public override ulong[] OnQueue(TrackerMaps maps)
    {
        BpfAssembler code = new();
        Label seen = new();
        code.Load(Register.R6, Register.R1, _layer.Queue.Argument * 8, Width.Double);
        code.Load(Register.R7, Register.R6, _layer.BioSector, Width.Double);
        code.JumpIf(Comparison.NotEqual, Register.R7, (int)unseenSector, seen);
        code.Calculate(Operation.Move, Register.R0, 0);
        code.Exit();
        code.Mark(seen);

        // Jumps are relative, so what follows may be put behind.
        return [.. code.Finish(), .. base.OnQueue(maps)];
    }
}
