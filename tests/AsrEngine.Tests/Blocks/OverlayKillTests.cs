using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Engine.Tests.Blocks;

/// <summary>The overlay after its process was killed: this program starts itself as the one that writes.</summary>
public sealed class OverlayKillTests : IDisposable
{
    private const string ChildFolderVariable = "ASR_TEST_OVERLAY_FOLDER";
    private const string ChildSeedVariable = "ASR_TEST_OVERLAY_SEED";
    private const int DiskBytes = 2 << 20;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(111, 1)]
    [InlineData(112, 40)]
    [InlineData(113, 400)]
    public async Task EveryWriteThatReturnedBeforeTheKillIsFound(int seed, int killAfter)
    {
        byte[] content = DeviceModel.RandomContent(DiskBytes, seed);
        await File.WriteAllBytesAsync(_folder.At("base"), content, Stop);
        int finished = await RunChildUntilKilledAsync(seed, killAfter);
        Assert.InRange(finished, killAfter, int.MaxValue);

        Random random = new(seed);
        for (int i = 0; i < finished; i++)
        {
            Change done = Change.Next(random);
            done.Data.CopyTo(content, done.Offset);
        }

        // The change that the kill may have cut short: each of its bytes is old or new.
        Change cut = Change.Next(random);
        byte[] read = new byte[DiskBytes];
        await using FileBlockDevice below = FileBlockDevice.Open(_folder.At("base"), isReadOnly: true);
        await using OverlayBlockDevice overlay = await OverlayBlockDevice.OpenAsync(below, _folder.At("overlay"), "base", Stop);
        await overlay.ReadAsync(0, read, Stop);
        for (int i = 0; i < DiskBytes; i++)
        {
            bool isCut = i >= cut.Offset && i < cut.Offset + cut.Data.Length;
            Assert.True(read[i] == content[i] || (isCut && read[i] == cut.Data[i - cut.Offset]), $"byte {i} after {finished} changes, seed {seed}");
        }
    }

    private async Task<int> RunChildUntilKilledAsync(int seed, int killAfter)
    {
        string program = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        ProcessStartInfo start = new(program, isHost ? [typeof(OverlayKillTests).Assembly.Location] : []) { RedirectStandardOutput = true };
        start.Environment[ChildFolderVariable] = _folder.Path;
        start.Environment[ChildSeedVariable] = seed.ToString(System.Globalization.CultureInfo.InvariantCulture);
        using Process child = Process.Start(start)!;
        int finished = 0;
        // What it printed before it died is read to the end.
        while (await child.StandardOutput.ReadLineAsync(Stop) is not null)
        {
            if (++finished == killAfter)
            {
                child.Kill();
            }
        }

        await child.WaitForExitAsync(Stop);
        return finished;
    }

    /// <summary>Turns this process into the one that writes, before the test runner starts; it ends by being killed.</summary>
    [ModuleInitializer]
    internal static void WriteForeverIfChild()
    {
        if (Environment.GetEnvironmentVariable(ChildFolderVariable) is { } folder)
        {
            int seed = int.Parse(Environment.GetEnvironmentVariable(ChildSeedVariable)!, System.Globalization.CultureInfo.InvariantCulture);
            WriteForever(folder, new Random(seed));
        }
    }

    /// <summary>Waits for each call, because nothing of this assembly runs on another thread before the module is initialized.</summary>
    private static void WriteForever(string folder, Random random)
    {
        FileBlockDevice below = FileBlockDevice.Open(Path.Combine(folder, "base"), isReadOnly: true);
        OverlayBlockDevice overlay = OverlayBlockDevice.OpenAsync(below, Path.Combine(folder, "overlay"), "base", CancellationToken.None).GetAwaiter().GetResult();
        using Stream output = Console.OpenStandardOutput();
        while (true)
        {
            Change change = Change.Next(random);
            ValueTask changing = change.IsZero
                ? overlay.ZeroAsync(change.Offset, change.Data.Length, punchHole: true, CancellationToken.None)
                : overlay.WriteAsync(change.Offset, change.Data, CancellationToken.None);
            changing.AsTask().GetAwaiter().GetResult();
            output.WriteByte((byte)'\n');
        }
    }

    private sealed record Change(int Offset, byte[] Data, bool IsZero)
    {
        public static Change Next(Random random)
        {
            byte[] data = new byte[random.Next(1, 20_000)];
            int offset = random.Next(DiskBytes - data.Length);
            bool isZero = random.Next(4) == 0;
            if (!isZero)
            {
                random.NextBytes(data);
            }

            return new Change(offset, data, isZero);
        }
    }
}
