using System;
using System.Buffers;
using System.Threading;
using Asr.Engine.Vault;

namespace Asr.Engine.Segments;

/// <summary>A sealed object on its way to the store. Owns a pooled buffer; dispose it once no put uses it any more.</summary>
internal sealed class SealedObject : IDisposable
{
    private readonly int _length;
    private byte[]? _buffer;

    public SealedObject(in SegmentName name, int length)
    {
        Name = name;
        _length = length;
        _buffer = ArrayPool<byte>.Shared.Rent(length);
    }

    public SegmentName Name { get; }

    public Span<byte> Buffer => Memory.Span;

    public Memory<byte> Memory => (_buffer ?? throw new ObjectDisposedException(nameof(SealedObject))).AsMemory(0, _length);

    public void Dispose()
    {
        // A buffer returned twice would be handed out twice: two owners would write over each other.
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
