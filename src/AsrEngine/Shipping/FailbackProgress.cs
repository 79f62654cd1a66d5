using System.Threading;

namespace Asr.Engine.Shipping;

/// <summary>How far bringing back has come, over all disks. Thread-safe.</summary>
public sealed class FailbackProgress(long totalBytes)
{
    private long _movedBytes;
    private long _comparedBytes;

    /// <summary>Bytes of content that travelled.</summary>
    public long MovedBytes => Interlocked.Read(ref _movedBytes);

    /// <summary>0 to 100, by bytes compared.</summary>
    public double Percent => totalBytes == 0 ? 100 : 100.0 * Interlocked.Read(ref _comparedBytes) / totalBytes;

    internal void AddMoved(long bytes) => Interlocked.Add(ref _movedBytes, bytes);

    internal void AddCompared(long bytes) => Interlocked.Add(ref _comparedBytes, bytes);
}
