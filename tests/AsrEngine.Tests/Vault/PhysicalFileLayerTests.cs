using System;
using System.IO;
using Asr.Engine.Vault.Local;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Vault;

/// <summary>Large files go past the page cache, in pieces, with an end that fits no block: whatever the length and the medium, the content is what was given.</summary>
public sealed class PhysicalFileLayerTests
{
    private const int Threshold = UncachedWriter.BytesMin;
    private const int Piece = 1 << 20;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Threshold - 1)]
    [InlineData(Threshold)]
    [InlineData(Threshold + 1)]
    [InlineData(Piece - 1)]
    [InlineData(Piece)]
    [InlineData(Piece + 4095)]
    [InlineData((3 * Piece) + 4096 + 17)]
    public void Create_AnyLength_HasTheContent(int length)
    {
        using TemporaryFolder folder = new();
        CreateAndCompare(folder.Path, length);
    }

    [Theory]
    [InlineData(Threshold)]
    [InlineData((2 * Piece) + 4096 + 17)]
    public void Create_OnAMediumOfMemoryOnly_HasTheContent(int length)
    {
        string folder = Directory.CreateDirectory($"/dev/shm/asr-files-{Guid.NewGuid():N}").FullName;
        try
        {
            CreateAndCompare(folder, length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Create_ExistingFile_LeavesItAlone()
    {
        using TemporaryFolder folder = new();
        string path = Path.Join(folder.Path, "file");
        PhysicalFileLayer files = new();
        files.Create(path, [1, 2, 3]);
        Assert.Throws<IOException>(() => files.Create(path, new byte[Threshold]));
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    private static void CreateAndCompare(string folder, int length)
    {
        string path = Path.Join(folder, "file");

        // One byte in, so that the memory given is at no block's boundary.
        byte[] memory = new byte[length + 1];
        new Random(length).NextBytes(memory);
        PhysicalFileLayer files = new();
        files.Create(path, memory.AsSpan(1));
        files.SyncFile(path);
        Assert.Equal(memory[1..], File.ReadAllBytes(path));
    }
}
