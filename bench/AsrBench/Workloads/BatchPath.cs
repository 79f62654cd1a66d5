using System;
using System.IO;
using Asr.Contracts;
using Asr.Engine.Segments;
using BenchmarkDotNet.Attributes;

namespace Asr.Bench.Workloads;

/// <summary>What every captured byte passes through, one batch of 4 MiB at a time: built in the agent, verified and sealed in the appliance.</summary>
public class BatchPath
{
    /// <summary>Bytes of a batch before compression: what the agent gathers under load.</summary>
    public const int BatchBytes = 4 << 20;

    private const int ChangeBytes = 64 << 10;

    private static readonly Guid s_diskId = Guid.NewGuid();

    private readonly ChangeBatchWriter _writer = new();
    private readonly SegmentCipher _cipher = new(new byte[SegmentCipher.KeyBytes]);
    private readonly byte[] _content = new byte[ChangeBytes];
    private ReadOnlyMemory<byte> _built;
    private VerifiedBatch? _verified;

    /// <summary>Makes content that LZ4 halves, and a batch of it.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        new Random(1).NextBytes(_content.AsSpan(0, ChangeBytes / 2));
        using ChangeBatchWriter writer = new();
        Fill(writer);
        _built = writer.Complete().ToArray();
        _verified = VerifiedBatch.Verify(_built, ReplicationLimits.DiskBytesMax);
    }

    /// <summary>Frees what the set-up made.</summary>
    [GlobalCleanup]
    public void CleanUp()
    {
        _verified?.Dispose();
        _writer.Dispose();
        _cipher.Dispose();
    }

    /// <summary>Compresses and hashes, as the agent does.</summary>
    [Benchmark(Description = "build")]
    public int Build()
    {
        Fill(_writer);
        return _writer.Complete().Length;
    }

    /// <summary>Parses, expands and compares with the hashes, as the appliance does.</summary>
    [Benchmark(Description = "verify")]
    public void Verify() => VerifiedBatch.Verify(_built, ReplicationLimits.DiskBytesMax).Dispose();

    /// <summary>Encrypts, as the appliance does.</summary>
    [Benchmark(Description = "seal")]
    public void Seal() => SegmentSealer.Seal(_verified!, 0, _cipher).Dispose();

    private void Fill(ChangeBatchWriter writer)
    {
        writer.Begin(s_diskId, 1, 1);
        for (int at = 0; at < BatchBytes; at += ChangeBytes)
        {
            if (!writer.TryAddData(at, _content))
            {
                throw new InvalidDataException("A batch of 4 MiB does not fit a batch.");
            }
        }
    }
}
