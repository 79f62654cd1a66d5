using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Segments;
using Asr.Engine.Vault;
using Xunit;

namespace Asr.Engine.Tests.Vault.Compaction;

/// <summary>A disk written to over several sessions and branches, and what it held at every position.</summary>
internal sealed class DiskStory(Random random)
{
    public const int Sectors = 256;
    public const long Bytes = Sectors * 512L;

    private readonly Dictionary<StreamPosition, byte[]> _contents = new() { [default] = new byte[Bytes] };

    public Guid DiskId { get; } = Guid.NewGuid();

    /// <summary>Every position so far, in the order they were written, without the one before the first change.</summary>
    public IEnumerable<StreamPosition> Positions => _contents.Keys.Skip(1);

    public StreamPosition Head { get; private set; }

    /// <summary>One session: continues at the head, or branches from a position, and appends batches.</summary>
    public async Task WriteSessionAsync(IVault vault, StreamPosition? branchFrom, int batches, CancellationToken cancellationToken)
    {
        OpenSessionRequest request = new() { Nonce = Guid.NewGuid(), SizeBytes = Bytes, Base = branchFrom };
        await using IReplicaWriter writer = await vault.TakeOverAsync(DiskId, request, cancellationToken);
        Head = branchFrom ?? Head;
        byte[] content = _contents[Head];
        for (int i = 0; i < batches; i++)
        {
            content = await AppendAsync(writer, content, cancellationToken);
        }

        await writer.WaitForVaultAsync(writer.ReceivedSequence, cancellationToken);
    }

    /// <summary>Reads a position whole and compares.</summary>
    public async Task CheckAsync(IVault vault, StreamPosition position, CancellationToken cancellationToken)
    {
        await using IBlockDevice image = await vault.OpenAsync(DiskId, position, cancellationToken);
        await CheckAsync(image, position, cancellationToken);
    }

    public async Task CheckAsync(IBlockDevice image, StreamPosition position, CancellationToken cancellationToken)
    {
        byte[] read = new byte[Bytes];
        await image.ReadAsync(0, read, cancellationToken);
        Assert.True(read.AsSpan().SequenceEqual(_contents[position]), $"Position {position} reads wrong from byte {read.AsSpan().CommonPrefixLength(_contents[position])}.");
    }

    private async Task<byte[]> AppendAsync(IReplicaWriter writer, byte[] content, CancellationToken cancellationToken)
    {
        using ChangeBatchWriter batch = new();
        long first = writer.ReceivedSequence + 1;
        batch.Begin(DiskId, writer.Session.Epoch, first);
        int changes = random.Next(1, 6);
        for (int i = 0; i < changes; i++)
        {
            content = [.. content];
            int sector = random.Next(Sectors);
            int count = Math.Min(random.Next(1, 64), Sectors - sector);
            Span<byte> range = content.AsSpan(sector * 512, count * 512);
            if (random.Next(4) == 0)
            {
                range.Clear();
                batch.TryAddZero(sector * 512L, range.Length);
            }
            else
            {
                random.NextBytes(range);
                batch.TryAddData(sector * 512L, range);
            }

            Head = new StreamPosition(writer.Session.Epoch, first + i);
            _contents[Head] = content;
        }

        await writer.AppendAsync(VerifiedBatch.Verify(batch.Complete().ToArray(), Bytes), cancellationToken);
        return content;
    }
}
