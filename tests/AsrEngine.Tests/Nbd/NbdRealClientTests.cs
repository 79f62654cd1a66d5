using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;
using Asr.Engine.Tests.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Nbd;

/// <summary>The server in front of programs that others wrote.</summary>
public sealed class NbdRealClientTests : IDisposable
{
    private const int DiskBytes = 16 << 20;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task NbdinfoShowsTheExportAndItsHoles()
    {
        RealTools.Require("nbdinfo");
        await using NbdFixture nbd = FileServer();
        await using (NbdClient client = await nbd.ConnectAsync())
        {
            await client.WriteAsync(1 << 20, DeviceModel.RandomContent(1 << 20, 1), Stop);
            await client.FlushAsync(Stop);
        }

        string info = await RealTools.CheckAsync("nbdinfo", nbd.Uri.ToString());
        Assert.Contains($"export-size: {DiskBytes}", info, StringComparison.Ordinal);
        Assert.Contains("base:allocation", info, StringComparison.Ordinal);
        Assert.Contains("can_multi_conn: true", info, StringComparison.Ordinal);
        string map = await RealTools.CheckAsync("nbdinfo", "--map", nbd.Uri.ToString());
        string[] lines = map.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^\s*0\s+1048576\s+3\s+hole,zero", lines[0]);
        Assert.Matches(@"^\s*1048576\s+1048576\s+0\s+data", lines[1]);
        string list = await RealTools.CheckAsync("nbdinfo", "--list", $"nbd+unix://?socket={nbd.SocketPath}");
        Assert.Contains("a test disk", list, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NbdcopyOfASparseImageComparesEqualBothWays()
    {
        RealTools.Require("nbdcopy", "qemu-img");
        string image = _folder.At("image");
        await SparseImageAsync(image);
        await using NbdFixture nbd = FileServer();
        await RealTools.CheckAsync("nbdcopy", image, nbd.Uri.ToString());
        await RealTools.CheckAsync("nbdcopy", nbd.Uri.ToString(), _folder.At("back"));
        Assert.Equal(await Sha256Async(image), await Sha256Async(_folder.At("back")));
        string compare = await RealTools.CheckAsync("qemu-img", "compare", "-f", "raw", "-F", "raw", image, nbd.Uri.ToString());
        Assert.Contains("identical", compare, StringComparison.Ordinal);
    }

    [Fact]
    public async Task QemuImgConvertsBothWays()
    {
        RealTools.Require("qemu-img");
        string image = _folder.At("image");
        await SparseImageAsync(image);
        await using NbdFixture nbd = FileServer();
        await RealTools.CheckAsync("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, nbd.Uri.ToString());
        await RealTools.CheckAsync("qemu-img", "convert", "-f", "raw", "-O", "qcow2", nbd.Uri.ToString(), _folder.At("qcow2"));
        await RealTools.CheckAsync("qemu-img", "compare", "-f", "raw", "-F", "qcow2", image, _folder.At("qcow2"));
    }

    [Theory]
    [InlineData(71)]
    [InlineData(72)]
    public async Task RandomOperationsThroughQemuIoAgreeWithTheModel(int seed)
    {
        RealTools.Require("qemu-io");
        await using NbdFixture nbd = FileServer();
        Random random = new(seed);
        byte[] expected = new byte[DiskBytes];
        StringBuilder script = new();
        for (int i = 0; i < 600; i++)
        {
            int offset = random.Next(DiskBytes / 512) * 512;
            int length = Math.Min(random.Next(1, 256) * 512, DiskBytes - offset);
            int pattern = random.Next(1, 256);
            string range = string.Create(CultureInfo.InvariantCulture, $"{offset} {length}");
            switch (random.Next(5))
            {
                case 0:
                    script.AppendLine(CultureInfo.InvariantCulture, $"write -P {pattern} {range}");
                    expected.AsSpan(offset, length).Fill((byte)pattern);
                    break;
                case 1:
                    script.AppendLine(CultureInfo.InvariantCulture, $"write -f -P {pattern} {range}");
                    expected.AsSpan(offset, length).Fill((byte)pattern);
                    break;
                case 2:
                    script.AppendLine(CultureInfo.InvariantCulture, $"write -z {(random.Next(2) == 0 ? "-u " : "")}{range}");
                    expected.AsSpan(offset, length).Clear();
                    break;
                case 3:
                    script.AppendLine("flush");
                    break;
                default:
                    // The end of a run of one byte, so that one pattern describes it.
                    int run = expected.AsSpan(offset, length).IndexOfAnyExcept(expected[offset]);
                    run = run < 0 ? length : run;
                    script.AppendLine(CultureInfo.InvariantCulture, $"read -P {expected[offset]} {offset} {run}");
                    break;
            }
        }

        ToolResult result = await RealTools.RunWithInputAsync(script.ToString(), "qemu-io", "-f", "raw", nbd.Uri.ToString());
        Assert.True(result.ExitCode == 0 && !result.All.Contains("failed", StringComparison.OrdinalIgnoreCase), $"seed {seed}: {result.All}");
        await using NbdClient client = await nbd.ConnectAsync();
        await new DeviceModel(expected, seed).CheckAllAsync(client, Stop);
    }

    [Fact]
    public async Task Ext4OnALoopDeviceOverNbdfuseKeepsItsFiles()
    {
        RealTools.RequireRoot();
        RealTools.Require("nbdfuse", "losetup", "mkfs.ext4", "fsck.ext4", "mount", "umount", "sync", "fusermount3");
        Assert.SkipUnless(File.Exists("/dev/fuse") && File.Exists("/dev/loop-control"), "needs FUSE and loop devices in the kernel");
        await using NbdFixture nbd = FileServer();
        string fuse = Directory.CreateDirectory(_folder.At("fuse")).FullName;
        string tree = Directory.CreateDirectory(_folder.At("tree")).FullName;
        using Process nbdfuse = RealTools.Start("nbdfuse", fuse, nbd.Uri.ToString());
        string loop = "";
        try
        {
            for (int i = 0; i < 200 && !File.Exists(Path.Combine(fuse, "nbd")); i++)
            {
                await Task.Delay(50, Stop);
            }

            loop = (await RealTools.CheckAsync("losetup", "--find", "--show", Path.Combine(fuse, "nbd"))).Trim();
            await RealTools.CheckAsync("mkfs.ext4", "-q", loop);
            await RealTools.CheckAsync("mount", loop, tree);
            byte[] content = DeviceModel.RandomContent(3 << 20, 81);
            await File.WriteAllBytesAsync(Path.Combine(tree, "file"), content, Stop);
            await RealTools.CheckAsync("sync", "-f", tree);
            await RealTools.CheckAsync("umount", tree);
            await RealTools.CheckAsync("fsck.ext4", "-fn", loop);
            await RealTools.CheckAsync("mount", loop, tree);
            Assert.Equal(Convert.ToHexString(SHA256.HashData(content)), await Sha256Async(Path.Combine(tree, "file")));
        }
        finally
        {
            await RealTools.RunAsync("umount", tree);
            if (loop.Length > 0)
            {
                await RealTools.RunAsync("losetup", "--detach", loop);
            }

            await RealTools.RunAsync("fusermount3", "-u", "-z", fuse);
            await nbdfuse.WaitForExitAsync(Stop);
        }
    }

    private static async Task<string> Sha256Async(string path)
    {
        await using FileStream file = File.OpenRead(path);
        return Convert.ToHexString(await SHA256.HashDataAsync(file, Stop));
    }

    private static async Task SparseImageAsync(string path)
    {
        await using FileBlockDevice image = FileBlockDevice.Create(path, DiskBytes);
        await image.WriteAsync(512, DeviceModel.RandomContent(300_000, 2), Stop);
        await image.WriteAsync(9 << 20, DeviceModel.RandomContent(2 << 20, 3), Stop);
    }

    private NbdFixture FileServer() => new(
        FileBlockDevice.Create(_folder.At("disk"), DiskBytes),
        device => new NbdExport("disk", device) { Description = "a test disk", IsMultiConnectionSafe = true, IsZeroFast = ((FileBlockDevice)device).CanZeroFast });
}
