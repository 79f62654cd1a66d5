namespace Asr.Engine.Blocks;

/// <summary>A medium that can tell whether someone else changed it between two times it was open.</summary>
public interface IChangeStamped
{
    /// <summary>The stamp as it was found, before anything was done to the medium; 0 when it has none.</summary>
    long StampAtOpen { get; }

    /// <summary>The stamp now; 0 when it has none. Stays the same until someone changes the medium.</summary>
    long ReadStamp();
}
