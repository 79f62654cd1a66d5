using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Asr.Agent.Consistency;
using Xunit;

namespace Asr.Agent.Tests.Consistency;

public sealed class MountTableTests
{
    [Fact]
    public void TellsWhereWhatIsMounted()
    {
        MountEntry entry = Assert.Single(Parse("36 35 98:3 /sub /mnt/data rw,noatime master:1 shared:4 - ext4 /dev/sda3 rw,errors=continue"));
        Assert.Equal(new MountEntry(36, new DeviceNumber(98, 3), "/mnt/data", "ext4", "/dev/sda3", IsReadOnly: false), entry);
    }

    [Theory]
    [InlineData("ro", "rw", false)]
    [InlineData("rw", "ro", true)]
    [InlineData("rw", "ro,seclabel", true)]
    [InlineData("rw", "rw,errors=remount-ro", false)]
    public void AReadOnlyMountOfAWritableFileSystemIsWritable(string mount, string fileSystem, bool isReadOnly) =>
        Assert.Equal(isReadOnly, Assert.Single(Parse($"1 2 8:1 / /x {mount} - ext4 /dev/sda1 {fileSystem}")).IsReadOnly);

    [Theory]
    [InlineData(@"/with\040blank", "/with blank")]
    [InlineData(@"/tab\011line\012back\134slash", "/tab\tline\nback\\slash")]
    [InlineData(@"/not\04", @"/not\04")]
    [InlineData(@"/not\888", @"/not\888")]
    [InlineData(@"/ends\", @"/ends\")]
    public void UndoesEscapes(string written, string path) =>
        Assert.Equal(path, Assert.Single(Parse($"1 2 8:1 / {written} rw - ext4 /dev/sda1 rw")).MountPoint);

    [Theory]
    [InlineData("")]
    [InlineData("1 2 8:1 / /x rw ext4 /dev/sda1 rw")]
    [InlineData("1 2 8:1 / /x rw - ext4 /dev/sda1")]
    [InlineData("x 2 8:1 / /x rw - ext4 /dev/sda1 rw")]
    [InlineData("1 2 81 / /x rw - ext4 /dev/sda1 rw")]
    [InlineData("1 2 -8:1 / /x rw - ext4 /dev/sda1 rw")]
    [InlineData("1 2 99999999999:1 / /x rw - ext4 /dev/sda1 rw")]
    [InlineData("-")]
    public void PassesOverWhatIsNotALine(string line) => Assert.Empty(Parse(line));

    [Fact]
    public void EveryBeginningOfATableIsTakenOrPassedOver()
    {
        const string Line = @"36 35 98:3 /sub /mnt/a\040b rw,noatime master:1 - ext4 /dev/sda3 rw";
        for (int length = 0; length <= Line.Length; length++)
        {
            Assert.InRange(Parse(Line[..length]).Count, 0, 1);
        }
    }

    [Fact]
    public void ThisMachinesRootIsThere() => Assert.Contains(MountTable.Read(), mount => mount.MountPoint == "/");

    private static IReadOnlyList<MountEntry> Parse(string text) => MountTable.Parse(Encoding.UTF8.GetBytes(text + "\n"));
}
