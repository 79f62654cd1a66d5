using System;
using System.Diagnostics;
using System.IO;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Asr.Engine.Segments;
using Microsoft.Win32.SafeHandles;

namespace Asr.Bench.Workloads;

/// <summary>The work that the design cannot avoid, done in one process on all cores with nothing between: the shortest wall time this machine allows.</summary>
internal static class ProcessorFloor
{
    /// <summary>What is counted.</summary>
    public const string Description = "in one process on all cores: read the cached image, skip zeros, XXH3-128, LZ4, AES-GCM as TLS does it once each way, AES-256-GCM at rest";

    private const int PieceBytes = 1 << 20;
    private const int RecordBytes = 16 << 10;
    private const int RegionBytes = 64 << 10;

    /// <summary>Wall seconds for an image.</summary>
    public static double Measure(string imagePath)
    {
        using SafeFileHandle image = File.OpenHandle(imagePath, options: FileOptions.RandomAccess, share: FileShare.ReadWrite);
        int pieces = (int)((RandomAccess.GetLength(image) + PieceBytes - 1) / PieceBytes);
        long start = Stopwatch.GetTimestamp();
        Parallel.For(0, pieces, () => new Worker(), (index, _, worker) =>
        {
            worker.Take(image, (long)index * PieceBytes);
            return worker;
        }, worker => worker.Dispose());
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private sealed class Worker : IDisposable
    {
        private readonly AesGcm _cipher = new(RandomNumberGenerator.GetBytes(32), 16);
        private readonly byte[] _piece = new byte[PieceBytes];
        private readonly byte[] _stored = new byte[PieceBytes];
        private readonly byte[] _sealed = new byte[PieceBytes];
        private readonly byte[] _nonce = new byte[12];
        private readonly byte[] _tag = new byte[16];

        public void Take(SafeFileHandle image, long offset)
        {
            Span<byte> piece = _piece.AsSpan(0, RandomAccess.Read(image, _piece, offset));
            int data = 0;
            for (int at = 0; at < piece.Length; at += RegionBytes)
            {
                Span<byte> region = piece[at..Math.Min(piece.Length, at + RegionBytes)];
                if (region.ContainsAnyExcept((byte)0))
                {
                    region.CopyTo(piece[data..]);
                    data += region.Length;
                }
            }

            if (data > 0)
            {
                Carry(piece[..data]);
            }
        }

        public void Dispose() => _cipher.Dispose();

        private void Carry(ReadOnlySpan<byte> content)
        {
            _ = ChunkCodec.Hash(content);
            ChunkCodec.Encode(content, _stored, out int length);
            for (int at = 0; at < length; at += RecordBytes)
            {
                Span<byte> record = _stored.AsSpan(at, Math.Min(RecordBytes, length - at));
                Span<byte> onWire = _sealed.AsSpan(at, record.Length);
                NextNonce();
                _cipher.Encrypt(_nonce, record, onWire, _tag);
                _cipher.Decrypt(_nonce, onWire, _tag, record);
            }

            NextNonce();
            _cipher.Encrypt(_nonce, _stored.AsSpan(0, length), _sealed.AsSpan(0, length), _tag);
        }

        private void NextNonce() => BitConverter.TryWriteBytes(_nonce, BitConverter.ToInt64(_nonce) + 1);
    }
}
