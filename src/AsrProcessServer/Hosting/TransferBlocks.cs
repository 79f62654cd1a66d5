using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Threading;
using Microsoft.AspNetCore.Connections;

namespace Asr.ProcessServer.Hosting;

/// <summary>
/// Makes the web server's memory for connections: blocks of 64 KiB. Its own of 4 KiB mean a system call, and several hand-overs between its layers, for every 4 KiB
/// of a batch. A connection without a request under way holds none.
/// </summary>
internal sealed class TransferBlocks : IMemoryPoolFactory<byte>
{
    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options) => new Pool();

    /// <summary>Blocks that were in use once, up to a bound; safe for concurrent callers.</summary>
    private sealed class Pool : MemoryPool<byte>
    {
        private const int BlockBytes = 64 << 10;
        private const int SparesMax = 256;

        private readonly ConcurrentQueue<Block> _spares = new();

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
            Block block = _spares.TryDequeue(out Block? spare) ? spare : new Block(this);
            block.IsRented = 1;
            return block;
        }

        protected override void Dispose(bool disposing) => _spares.Clear();

        private void Return(Block block)
        {
            if (_spares.Count < SparesMax)
            {
                _spares.Enqueue(block);
            }
        }

        private sealed class Block(Pool pool) : IMemoryOwner<byte>
        {
            private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);
            private int _isRented;

            public int IsRented
            {
                set => Volatile.Write(ref _isRented, value);
            }

            public Memory<byte> Memory => _bytes;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _isRented, 0) != 0)
                {
                    pool.Return(this);
                }
            }
        }
    }
}
