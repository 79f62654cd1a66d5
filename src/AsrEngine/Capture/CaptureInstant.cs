namespace Asr.Engine.Capture;

/// <summary>Where a disk's stream stood at an instant.</summary>
/// <param name="Sequence">Last change in the stream.</param>
/// <param name="StreamNumber">Which stream of this process the sequence belongs to: it breaks off when what is kept does not suffice to go on.</param>
/// <param name="IsComplete">True when the stream up to the sequence equals the disk, so that a point may be made.</param>
internal readonly record struct CaptureInstant(long Sequence, int StreamNumber, bool IsComplete);
