using System;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Asr.Engine.Vault.Azure;

/// <summary>
/// How long one try of a request may take: a little for the answer, and the time its content needs on a slow line. One bound for all would end a large upload in the
/// middle, again and again, or wait minutes for an answer that is lost.
/// </summary>
internal sealed class TransferTimePolicy : HttpPipelineSynchronousPolicy
{
    private const long BytesPerSecondMin = 128 << 10;

    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    public override void OnSendingRequest(HttpMessage message)
    {
        long bytes = message.Request.Content is { } content && content.TryComputeLength(out long length) ? length : 0;
        message.NetworkTimeout = s_answer + TimeSpan.FromSeconds((double)bytes / BytesPerSecondMin);
    }
}
