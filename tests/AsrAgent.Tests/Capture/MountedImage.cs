using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Tests.Shared;

namespace Asr.Agent.Tests.Capture;

/// <summary>A disk image, mounted as its machine would after a failover; unmounted when disposed. Needs root.</summary>
internal sealed class MountedImage : IAsyncDisposable
{
    private MountedImage(string path) => Path = path;

    public string Path { get; }

    public static async Task<MountedImage> MountAsync(string image)
    {
        string path = Directory.CreateTempSubdirectory("asr-image-").FullName;

        // XFS refuses a second file system of one identity; the original is mounted too.
        bool isXfs = (await RealTools.CheckAsync("blkid", "-o", "value", "-s", "TYPE", image)).Trim() == "xfs";
        await RealTools.CheckAsync("mount", "-o", isXfs ? "loop,nouuid" : "loop", image, path);
        return new MountedImage(path);
    }

    public async ValueTask DisposeAsync()
    {
        await RealTools.CheckAsync("umount", Path);
        Directory.Delete(Path);
    }
}
