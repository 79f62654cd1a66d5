using System.Threading;
using Asr.Contracts;
using Asr.Engine.Capture;
using Asr.Oracle.Tests.Bugs;

namespace Asr.Oracle.Tests.Harness;

/// <summary>An activity log as one life of an agent sees it: after <see cref="Kill"/> nothing changes it any more, in particular no orderly end.</summary>
internal sealed class MortalActivityLog(IActivityLog log) : ActivityLogDecorator(log)
{
    private readonly Lock _life = new();
    private bool _dead;

    public void Kill()
    {
        lock (_life)
        {
            _dead = true;
        }
    }

    public override void Mark(long region) => WhileAlive(() => Inner.Mark(region));

    public override void MarkAll() => WhileAlive(Inner.MarkAll);

    public override void Clear(long region) => WhileAlive(() => Inner.Clear(region));

    public override void ClearAll() => WhileAlive(Inner.ClearAll);

    public override void Advance(long vaultSequence) => WhileAlive(() => Inner.Advance(vaultSequence));

    public override void SetPosition(StreamPosition position) => WhileAlive(() => Inner.SetPosition(position));

    public override void SetResynchronizeGeneration(long generation) => WhileAlive(() => Inner.SetResynchronizeGeneration(generation));

    public override void CloseCleanly() => WhileAlive(Inner.CloseCleanly);

    private void WhileAlive(System.Action change)
    {
        lock (_life)
        {
            if (!_dead)
            {
                change();
            }
        }
    }
}
