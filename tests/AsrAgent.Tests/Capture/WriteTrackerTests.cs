using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Agent.Capture.Bpf;
using Asr.Engine.Capture;
using Asr.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Asr.Agent.Tests.Capture;

/// <summary>The kernel's programs on real loop devices, against what the disk says itself: every block that differs must have been told.</summary>
public class WriteTrackerTests
{
    private const long DiskBytes = 256 << 20;
    private const int Block = 4096;

    [Fact]
    public async Task EveryBlockThatDiffersHasBeenTold_UnderRandomWrites()
    {
        RealTools.Require("fio");
        await using LoopDisk disk = await LoopDisk.CreateAsync(DiskBytes);
        using PinFolder pins = new();
        using WriteTracker tracker = WriteTracker.Open(disk.Facts, pins.Path);
        Assert.True(tracker.IsNew);
        byte[] before = ReadDisk(disk.DevicePath);
        HashSet<long> told = [];
        Task<string> writing = RealTools.CheckAsync(
            "fio", "--name=w", $"--filename={disk.DevicePath}", "--direct=1", "--ioengine=libaio", "--rw=randwrite", "--bsrange=512-64k", "--iodepth=16", "--size=64m", "--refill_buffers");
        while (!writing.IsCompleted)
        {
            Drain(tracker, told);
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await writing;
        Assert.Null(Drain(tracker, told, DiskRest.Assumed).Loss);
        List<long> changed = Differences(before, ReadDisk(disk.DevicePath));
        Assert.NotEmpty(changed);
        Assert.DoesNotContain(changed, block => !told.Contains(block));
    }

    private static DrainOutcome Drain(WriteTracker tracker, HashSet<long> told, DiskRest rest = DiskRest.None) => tracker.Drain(
        (first, count) =>
        {
            for (long block = first; block < first + count; block++)
            {
                told.Add(block);
            }
        },
        rest);

    private static byte[] ReadDisk(string path)
    {
        byte[] content = new byte[DiskBytes];
        using SafeFileHandle file = File.OpenHandle(path);
        for (int at = 0; at < content.Length;)
        {
            at += RandomAccess.Read(file, content.AsSpan(at), at);
        }

        return content;
    }

    private static List<long> Differences(byte[] one, byte[] other)
    {
        List<long> blocks = [];
        for (int at = 0; at < one.Length; at += Block)
        {
            if (!one.AsSpan(at, Block).SequenceEqual(other.AsSpan(at, Block)))
            {
                blocks.Add(at / Block);
            }
        }

        return blocks;
    }
}
