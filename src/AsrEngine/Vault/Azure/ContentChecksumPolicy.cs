using System;
using System.IO;
using System.Threading.Tasks;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Asr.Engine.Vault.Azure;

/// <summary>
/// Sends the CRC64 of what is put along with it: the storage refuses what was damaged on the way, and it is sent again. The client library's own way to do so wraps the
/// content in a format that older services and emulators store as it comes.
/// </summary>
internal sealed class ContentChecksumPolicy : HttpPipelinePolicy
{
    private const string Header = "x-ms-content-crc64";

    /// <inheritdoc/>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (HasContent(message))
        {
            using ChecksumStream checksum = new();
            message.Request.Content!.WriteTo(checksum, message.CancellationToken);
            message.Request.Headers.SetValue(Header, checksum.ToHeader());
        }

        ProcessNext(message, pipeline);
    }

    /// <inheritdoc/>
    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        if (HasContent(message))
        {
            using ChecksumStream checksum = new();
            await message.Request.Content!.WriteToAsync(checksum, message.CancellationToken).ConfigureAwait(false);
            message.Request.Headers.SetValue(Header, checksum.ToHeader());
        }

        await ProcessNextAsync(message, pipeline).ConfigureAwait(false);
    }

    // Blobs and pages; of requests without a body there is nothing to damage.
    private static bool HasContent(HttpMessage message) =>
        message.Request.Method == RequestMethod.Put && message.Request.Content is { } content && content.TryComputeLength(out long length) && length > 0;

    /// <summary>Keeps nothing of what is written to it but the checksum.</summary>
    private sealed class ChecksumStream : Stream
    {
        private StorageCrc64 _crc = new();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public string ToHeader() => Convert.ToBase64String(_crc.ToBytes());

        public override void Write(ReadOnlySpan<byte> buffer) => _crc.Append(buffer);

        public override void Write(byte[] buffer, int offset, int count) => _crc.Append(buffer.AsSpan(offset, count));

        public override void Flush()
        {
            // Nothing is held back.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
