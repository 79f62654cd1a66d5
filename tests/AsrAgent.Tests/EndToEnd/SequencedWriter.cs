using System;
using System.Buffers.Binary;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Xunit;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>
/// A workload that stamps blocks with their number and a rising sequence, flushes now and then, and goes on whatever happens to its server: after a
/// failure it connects anew. It knows of every block what was acknowledged last and what was submitted last.
/// </summary>
internal sealed class SequencedWriter : IAsyncDisposable
{
    private const int BlockBytes = 4096;
    private const int WritesPerFlush = 16;

    private readonly Func<Task<IBlockDevice>> _connect;
    private readonly Random _random;
    private readonly long[] _acknowledged;
    private readonly long[] _submitted;
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task _work;

    /// <summary>Starts writing to the first <paramref name="blocks"/> blocks.</summary>
    public SequencedWriter(Func<Task<IBlockDevice>> connect, int blocks, int seed)
    {
        _connect = connect;
        _random = new Random(seed);
        _acknowledged = new long[blocks];
        _submitted = new long[blocks];
        _work = Task.Run(RunAsync);
    }

    /// <summary>Writes acknowledged so far.</summary>
    public long Count { get; private set; }

    /// <summary>Ends the work after the write under way.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    /// <summary>Demands that a disk image holds every acknowledged write or a later one to the same block.</summary>
    public async Task RequireAcknowledgedAsync(string image)
    {
        await using FileBlockDevice file = FileBlockDevice.Open(image, isReadOnly: true);
        byte[] block = new byte[BlockBytes];
        for (int index = 0; index < _submitted.Length; index++)
        {
            await file.ReadAsync((long)index * BlockBytes, block, TestContext.Current.CancellationToken);
            if (_acknowledged[index] == 0)
            {
                continue;
            }

            long found = BinaryPrimitives.ReadInt64LittleEndian(block);
            Assert.True(
                found >= _acknowledged[index] && found <= _submitted[index],
                $"block {index} of {image} holds write {found}; acknowledged was {_acknowledged[index]}, submitted {_submitted[index]}");
            Assert.Equal(index, BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(8)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        long sequence = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using IBlockDevice disk = await _connect();
                while (!_stop.IsCancellationRequested)
                {
                    await WriteAsync(disk, ++sequence);
                }
            }
            catch (Exception error) when (error is AsrException or IOException or SocketException or InvalidOperationException)
            {
                // The agent was killed or is not up yet.
                await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
        }
    }

    private async Task WriteAsync(IBlockDevice disk, long sequence)
    {
        int index = _random.Next(_submitted.Length);
        byte[] block = new byte[BlockBytes];
        _random.NextBytes(block);
        BinaryPrimitives.WriteInt64LittleEndian(block, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(8), index);
        _submitted[index] = sequence;
        await disk.WriteAsync((long)index * BlockBytes, block, CancellationToken.None);
        _acknowledged[index] = sequence;
        Count++;
        if (sequence % WritesPerFlush == 0)
        {
            await disk.FlushAsync(CancellationToken.None);
        }
    }
}
