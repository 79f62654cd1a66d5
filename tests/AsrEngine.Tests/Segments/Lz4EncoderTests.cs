using System;
using Asr.Engine.Segments;
using K4os.Compression.LZ4;
using Xunit;

namespace Asr.Engine.Tests.Segments;

/// <summary>What the encoder makes is read by another's decoder; it stays within its output, whatever the content.</summary>
public sealed class Lz4EncoderTests
{
    private const byte Guard = 0x5A;

    [Fact]
    public void Every_short_content_comes_back()
    {
        for (int length = 0; length <= 300; length++)
        {
            byte[] content = new byte[length];
            AssertComesBack(content);
            new Random(length).NextBytes(content.AsSpan(length / 2));
            AssertComesBack(content);
            for (int i = 0; i < length; i++)
            {
                content[i] = (byte)(i % 5);
            }

            AssertComesBack(content);
        }
    }

    [Fact]
    public void Contents_of_runs_repetitions_and_noise_come_back()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            AssertComesBack(Mixed(new Random(seed)));
        }
    }

    [Theory]
    [InlineData(65_534)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(131_072)]
    public void A_repetition_at_the_edge_of_the_window_comes_back(int distance)
    {
        byte[] content = new byte[distance + 4096];
        new Random(distance).NextBytes(content);
        content.AsSpan(0, 4096).CopyTo(content.AsSpan(distance));
        AssertComesBack(content);
    }

    private static byte[] Mixed(Random random)
    {
        byte[] content = new byte[random.Next(1, 200_000)];
        int at = 0;
        while (at < content.Length)
        {
            Span<byte> part = content.AsSpan(at, Math.Min(random.Next(1, 1 + (random.Next(4) == 0 ? 20_000 : 40)), content.Length - at));
            switch (random.Next(3))
            {
                case 0:
                    random.NextBytes(part);
                    break;
                case 1:
                    part.Fill((byte)random.Next(256));
                    break;
                default:
                    int from = random.Next(at + 1);
                    for (int i = 0; i < part.Length; i++)
                    {
                        part[i] = content[from + i];
                    }

                    break;
            }

            at += part.Length;
        }

        return content;
    }

    private static void AssertComesBack(byte[] content)
    {
        byte[] output = new byte[LZ4Codec.MaximumOutputSize(content.Length)];
        int written = Lz4Encoder.Encode(content, output);
        byte[] back = new byte[content.Length];
        Assert.Equal(content.Length, written == 0 ? 0 : LZ4Codec.Decode(output.AsSpan(0, written), back));
        Assert.Equal(content, back);

        // One byte less is too little, and then nothing beyond the output is touched.
        foreach (int room in new[] { written - 1, written / 2, 1 })
        {
            if (room >= 0 && room < written)
            {
                output.AsSpan().Fill(Guard);
                Assert.Equal(0, Lz4Encoder.Encode(content, output.AsSpan(0, room)));
                Assert.Equal(-1, output.AsSpan(room).IndexOfAnyExcept(Guard));
            }
        }
    }
}
