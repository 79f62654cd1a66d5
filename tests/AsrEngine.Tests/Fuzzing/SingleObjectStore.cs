using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Vault;

namespace Asr.Engine.Tests.Fuzzing;

/// <summary>A store of one object, read on the calling thread.</summary>
internal sealed class SingleObjectStore(byte[] content) : ISegmentStore
{
    public Task<long?> GetLengthAsync(SegmentName name, CancellationToken cancellationToken) => Task.FromResult<long?>(content.Length);

    public ValueTask ReadAsync(SegmentName name, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (offset < 0 || offset > content.Length - buffer.Length)
        {
            throw SegmentErrors.Corrupt(name, offset, "is too short");
        }

        content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return ValueTask.CompletedTask;
    }

    public Task PutAsync(SegmentName name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<SegmentName> ListAsync(Guid diskId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DeleteAsync(SegmentName name, CancellationToken cancellationToken) => throw new NotSupportedException();
}
