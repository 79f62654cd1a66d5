using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Asr.Engine.Blocks;
using Asr.Engine.Capture;
using Xunit;

namespace Asr.Engine.Tests.Capture;

/// <summary>What an activity log makes of a disk that was written past the capture.</summary>
public sealed class ActivityLogSourceTests : IDisposable
{
    private const long DiskBytes = 10 << 16;

    private readonly string _folder = Directory.CreateTempSubdirectory("asr-log-source-").FullName;
    private readonly Guid _disk = Guid.NewGuid();

    private string ImagePath => Path.Combine(_folder, "disk.img");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_disk_that_only_the_capture_wrote_is_trusted_again_and_again()
    {
        await FileBlockDevice.Create(ImagePath, DiskBytes).DisposeAsync();
        await RunCaptureAsync(ActivityLogState.New, expectedMarks: 0);
        await RunCaptureAsync(ActivityLogState.Trusted, expectedMarks: 0);
        await RunCaptureAsync(ActivityLogState.Trusted, expectedMarks: 0);
    }

    [Fact]
    public async Task A_disk_that_someone_else_wrote_after_an_orderly_end_is_marked_in_full()
    {
        await FileBlockDevice.Create(ImagePath, DiskBytes).DisposeAsync();
        await RunCaptureAsync(ActivityLogState.New, expectedMarks: 0);
        File.SetLastWriteTimeUtc(ImagePath, File.GetLastWriteTimeUtc(ImagePath).AddSeconds(1));

        await RunCaptureAsync(ActivityLogState.SourceChanged, expectedMarks: 10);

        // The doubt is in the marks now, the next orderly end vouches for the image as it is.
        await RunCaptureAsync(ActivityLogState.Trusted, expectedMarks: 10);
    }

    [Fact]
    public async Task After_a_crash_the_marks_are_the_truth_and_not_the_time()
    {
        await FileBlockDevice.Create(ImagePath, DiskBytes).DisposeAsync();
        await RunCaptureAsync(ActivityLogState.New, expectedMarks: 0);
        await using (FileBlockDevice source = FileBlockDevice.Open(ImagePath, isReadOnly: false))
        {
            using ActivityLog log = OpenLog(source);
            log.Mark(3);
            await source.WriteAsync(3 << 16, new byte[512], TestContext.Current.CancellationToken);
        }

        await RunCaptureAsync(ActivityLogState.Trusted, expectedMarks: 1);
    }

    private async Task RunCaptureAsync(ActivityLogState expected, int expectedMarks)
    {
        FileBlockDevice source = FileBlockDevice.Open(ImagePath, isReadOnly: false);
        ActivityLog log = OpenLog(source);
        Assert.Equal(expected, log.OpenedAs);
        Assert.Equal(expectedMarks, log.EnumerateMarked().Count());
        await using DiskCapture capture = new(_disk, "data", source, log);
        await capture.WriteAsync(0, new byte[4096], TestContext.Current.CancellationToken);
    }

    private ActivityLog OpenLog(FileBlockDevice source) => ActivityLog.Open(Path.Combine(_folder, "disk.activity"), _disk, DiskBytes, source: source);
}
