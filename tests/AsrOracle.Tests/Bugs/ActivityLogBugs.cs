using System.Collections.Generic;
using Asr.Contracts;
using Asr.Engine.Capture;

namespace Asr.Oracle.Tests.Bugs;

/// <summary>Passes everything on.</summary>
internal class ActivityLogDecorator(IActivityLog inner) : IActivityLog
{
    protected IActivityLog Inner => inner;

    public int RegionBytes => inner.RegionBytes;

    public virtual ActivityLogState OpenedAs => inner.OpenedAs;

    public virtual StreamPosition Position => inner.Position;

    public virtual System.Guid SessionNonce => inner.SessionNonce;

    public virtual long ResynchronizeGeneration => inner.ResynchronizeGeneration;

    public bool IsBeingRestored => inner.IsBeingRestored;

    public virtual void Mark(long region) => inner.Mark(region);

    public virtual void MarkAll() => inner.MarkAll();

    public virtual void Clear(long region) => inner.Clear(region);

    public virtual IEnumerable<long> EnumerateMarked() => inner.EnumerateMarked();

    public virtual void ClearAll() => inner.ClearAll();

    public virtual void Advance(long vaultSequence) => inner.Advance(vaultSequence);

    public virtual void SetPosition(StreamPosition position) => inner.SetPosition(position);

    public virtual void SetResynchronizeGeneration(long generation) => inner.SetResynchronizeGeneration(generation);

    public void SetBeingRestored(bool isBeingRestored) => inner.SetBeingRestored(isBeingRestored);

    public virtual void CloseCleanly() => inner.CloseCleanly();

    public virtual void Dispose() => inner.Dispose();
}

/// <summary>Writes are not marked ahead, so a crash of the agent forgets what was on its way.</summary>
internal sealed class ForgetsToMark : PlantedBug
{
    public override IActivityLog ActivityLog(IActivityLog log) => new Log(log);

    private sealed class Log(IActivityLog inner) : ActivityLogDecorator(inner)
    {
        public override void Mark(long region)
        {
        }
    }
}

/// <summary>A mark is cleared before the vault has acknowledged the change.</summary>
internal sealed class ClearsBeforeTheAcknowledgement : PlantedBug
{
    public override IActivityLog ActivityLog(IActivityLog log) => new Log(log);

    private sealed class Log(IActivityLog inner) : ActivityLogDecorator(inner)
    {
        private long _previous = -1;

        public override void Mark(long region)
        {
            if (_previous >= 0 && _previous != region)
            {
                Inner.Clear(_previous);
            }

            _previous = region;
            Inner.Mark(region);
        }
    }
}

/// <summary>After a crash the log finds nothing to bring up to date.</summary>
internal sealed class ReadsNoMarksAfterACrash : PlantedBug
{
    public override IActivityLog ActivityLog(IActivityLog log) => new Log(log);

    private sealed class Log(IActivityLog inner) : ActivityLogDecorator(inner)
    {
        public override IEnumerable<long> EnumerateMarked() => [];
    }
}

/// <summary>Marks every region one too high.</summary>
internal sealed class MarksTheNextRegion : PlantedBug
{
    public override IActivityLog ActivityLog(IActivityLog log) => new Log(log);

    private sealed class Log(IActivityLog inner) : ActivityLogDecorator(inner)
    {
        public override IEnumerable<long> EnumerateMarked()
        {
            foreach (long region in Inner.EnumerateMarked())
            {
                if (region > 0)
                {
                    yield return region - 1;
                }
            }
        }
    }
}
