using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

/// <summary>A block device of the kernel over a sparse file.</summary>
internal sealed class LoopDevice : IAsyncDisposable
{
    private LoopDevice(string path) => Path = path;

    public string Path { get; }

    /// <summary>Makes one, or skips the test where that cannot be.</summary>
    public static async Task<LoopDevice> CreateAsync(string imagePath, long length)
    {
        RealTools.RequireRoot();
        RealTools.Require("losetup");
        Assert.SkipUnless(File.Exists("/dev/loop-control"), "needs loop devices in the kernel");
        using (FileStream image = new(imagePath, FileMode.CreateNew))
        {
            image.SetLength(length);
        }

        return new LoopDevice((await RealTools.CheckAsync("losetup", "--find", "--show", imagePath)).Trim());
    }

    public async ValueTask DisposeAsync() => await RealTools.CheckAsync("losetup", "--detach", Path);
}
