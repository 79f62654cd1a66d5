using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd.Protocol;

namespace Asr.Engine.Nbd;

/// <summary>A request of the client that waits for its reply. Changed by the receive loop only, until it is completed.</summary>
internal sealed class NbdPending(NbdRequestHeader header, Memory<byte> buffer)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public NbdRequestHeader Header { get; } = header;

    /// <summary>Where a read's data goes; the caller's own buffer, so the request is always waited for to its end.</summary>
    public Memory<byte> Buffer { get; } = buffer;

    /// <summary>What a block status reply described.</summary>
    public List<BlockExtent>? Extents { get; init; }

    /// <summary>Bytes of the read that chunks have filled so far.</summary>
    public long Filled { get; set; }

    public NbdErrno Error { get; set; }

    public Task Task => _done.Task;

    public void Complete() => _done.TrySetResult();

    public void Fail(Exception error) => _done.TrySetException(error);
}
