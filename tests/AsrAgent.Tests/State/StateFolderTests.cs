using System;
using System.IO;
using System.Linq;
using Asr.Agent.State;
using Asr.Agent.Tests.Doubles;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.State;

public sealed class StateFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void AFolderWithOtherThingsIsLeftAlone()
    {
        File.WriteAllText(_temporary.At("letter.txt"), "private");

        AsrException error = Assert.Throws<AsrException>(() => StateFolder.OpenOrCreate(_temporary.Path));

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Single(Directory.EnumerateFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void AnAbsentFolderIsNamed()
    {
        AsrException error = Assert.Throws<AsrException>(() => StateFolder.Open(_temporary.At("none")));
        Assert.Equal(AsrErrorCode.NotFound, error.Code);
        Assert.Equal(_temporary.At("none"), error.Target);
    }

    [Fact]
    public void TheLockIsForOne()
    {
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        using (StateLock.Take(folder))
        {
            Assert.Equal(AsrErrorCode.InUse, Assert.Throws<AsrException>(() => StateLock.Take(folder)).Code);
            Assert.True(StateLock.IsHeld(folder));
        }

        Assert.False(StateLock.IsHeld(folder));
        using StateLock again = StateLock.Take(folder);
        Assert.True(StateLock.IsHeld(folder));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    public void ADamagedIdentityIsNamed(string content)
    {
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        File.WriteAllText(folder.IdentityFile, content);

        AsrException error = Assert.Throws<AsrException>(() => AgentIdentity.Load(folder));

        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Equal(folder.IdentityFile, error.Target);
    }

    [Fact]
    public void AnOversizedFileIsRefusedUnread()
    {
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        File.WriteAllText(folder.IdentityFile, new string(' ', StateFile.BytesMax + 1));
        Assert.Equal(AsrErrorCode.InvalidArgument, Assert.Throws<AsrException>(() => AgentIdentity.Load(folder)).Code);
    }

    [Fact]
    public void AReplacedFileLeavesNoRest()
    {
        StateFolder folder = StateFolder.OpenOrCreate(_temporary.At("state"));
        StateFile.WriteDurably(folder.StatusFile, new AgentStatus { MachineName = new string('x', 5000) });
        StateFile.WriteVolatile(folder.StatusFile, new AgentStatus { MachineName = "short" });

        Assert.Equal("short", StateFile.Read<AgentStatus>(folder.StatusFile)?.MachineName);
        Assert.Equal([folder.StatusFile], Directory.EnumerateFiles(folder.Path).ToArray());
    }

    public void Dispose() => _temporary.Dispose();
}
