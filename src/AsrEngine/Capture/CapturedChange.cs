namespace Asr.Engine.Capture;

/// <summary>A change on its way to a batch. Owns its content until <see cref="CaptureBuffer.Release"/>. Offset and length are multiples of 512.</summary>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="Length">Bytes on the disk.</param>
/// <param name="Content">The bytes, or no memory for zeros.</param>
internal readonly record struct CapturedChange(long Offset, int Length, CaptureBuffer Content);
