using System;
using System.IO;
using Asr.Agent.Disks;
using Asr.Tests.Shared;

namespace Asr.Agent.Tests.Doubles;

/// <summary>The part of /sys and /dev that tells of disks, in a temporary folder.</summary>
internal sealed class FakeSysfs : IDisposable
{
    public const long DiskBytes = 1L << 30;

    private readonly TemporaryFolder _temporary = new();
    private long _sequence;

    public FakeSysfs()
    {
        Directory.CreateDirectory(Block(""));
        Directory.CreateDirectory(_temporary.At("dev/disk/by-id"));
    }

    /// <summary>What the agent would find.</summary>
    public DiskDiscovery Discovery() => new(null, _temporary.At("sys"), _temporary.At("dev"));

    public string Device(string name) => _temporary.At("dev/" + name);

    /// <summary>Adds a disk as the kernel does, with attributes such as <c>("serial", "A1")</c>.</summary>
    public void Add(string name, params (string Attribute, string Value)[] attributes)
    {
        Directory.CreateDirectory(Path.Combine(Block(name), "slaves"));
        Set(name, "size", (DiskBytes / 512).ToString());
        Set(name, "ro", "0");
        Set(name, "removable", "0");
        Set(name, "diskseq", (++_sequence).ToString());
        foreach ((string attribute, string value) in attributes)
        {
            Set(name, attribute, value);
        }

        File.WriteAllText(Device(name), "");
    }

    public void Set(string name, string attribute, string value)
    {
        string path = Path.Combine(Block(name), attribute);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, value + "\n");
    }

    /// <summary>Adds a link below /dev/disk/by-id.</summary>
    public string Link(string link, string name)
    {
        string path = Device("disk/by-id/" + link);
        File.CreateSymbolicLink(path, "../../" + name);
        return path;
    }

    public void Remove(string name)
    {
        Directory.Delete(Block(name), recursive: true);
        File.Delete(Device(name));
    }

    public void Dispose() => _temporary.Dispose();

    private string Block(string name) => _temporary.At(Path.Combine("sys/block", name));
}
