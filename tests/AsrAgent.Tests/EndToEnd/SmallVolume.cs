using System;
using System.IO;
using System.Threading.Tasks;
using Asr.Tests.Shared;

namespace Asr.Agent.Tests.EndToEnd;

/// <summary>A file system in memory of a given size, which can be made larger; unmounted when disposed. Needs root.</summary>
internal sealed class SmallVolume : IAsyncDisposable
{
    private SmallVolume(string path) => Path = path;

    public string Path { get; }

    public static async Task<SmallVolume> MountAsync(int mebibytes)
    {
        RealTools.RequireRoot();
        RealTools.Require("mount", "umount");
        string path = Directory.CreateTempSubdirectory("asr-volume-").FullName;
        await RealTools.CheckAsync("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path);
        return new SmallVolume(path);
    }

    public Task ResizeAsync(int mebibytes) => RealTools.CheckAsync("mount", "-o", $"remount,size={mebibytes}m", Path);

    public async ValueTask DisposeAsync()
    {
        await RealTools.CheckAsync("umount", Path);
        Directory.Delete(Path);
    }
}
