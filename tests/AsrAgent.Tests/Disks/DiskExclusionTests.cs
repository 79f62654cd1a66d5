using Asr.Agent.Disks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.Disks;

public sealed class DiskExclusionTests
{
    private static readonly FoundDisk s_disk = new() { KernelName = "sdb", Path = "/dev/sdb", Paths = ["/dev/sdb", "/dev/disk/by-id/usb-Stick_1"] };

    [Theory]
    [InlineData("/dev/sdb", true)]
    [InlineData("/dev/sd?", true)]
    [InlineData("/dev/disk/by-id/usb-*", true)]
    [InlineData("/dev/disk/by-id/usb-Stick_1", true)]
    [InlineData("/dev/sd", false)]
    [InlineData("/dev/sdb1", false)]
    [InlineData("/dev/SDB", false)]
    public void ADiskIsExcludedByAnyOfItsPaths(string pattern, bool isExcluded) =>
        Assert.Equal(isExcluded, new DiskExclusion(["/dev/none", pattern]).Match(s_disk) == pattern);

    [Fact]
    public void APatternWithoutADiskIsKnown() => Assert.Equal(["/dev/sdx"], new DiskExclusion(["/dev/sdx", "/dev/sd*"]).Unmatched([s_disk]));

    [Theory]
    [InlineData("")]
    [InlineData("sdb")]
    [InlineData("/dev/")]
    [InlineData("/srv/data.img")]
    public void OtherTextIsRefused(string text) =>
        Assert.Equal(AsrErrorCode.InvalidArgument, Assert.Throws<AsrException>(() => DiskExclusion.Check(text)).Code);
}
