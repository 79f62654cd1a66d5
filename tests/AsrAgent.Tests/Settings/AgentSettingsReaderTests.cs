using System;
using System.IO;
using System.Text;
using Asr.Agent.Settings;
using Asr.Contracts;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Settings;

public sealed class AgentSettingsReaderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public void EverythingIsRead()
    {
        AgentSettings settings = Read("""
            {
              // The appliance of the second site.
              "appliance": "https://asr.example.org:8443",
              "state": "/srv/asr/../asr-state",
              "machineDisks": false,
              "exclude": ["/dev/sdb", "/dev/disk/by-id/usb-*"], /* both */
              "disks": ["data=/srv/data.img@unix:/run/data.sock",],
            }
            """);
        Assert.Equal(new Uri("https://asr.example.org:8443"), settings.Appliance);
        Assert.Equal("/srv/asr-state", settings.State);
        Assert.False(settings.MachineDisks);
        Assert.Equal(["/dev/sdb", "/dev/disk/by-id/usb-*"], settings.Exclude);
        Assert.Equal(["data=/srv/data.img@unix:/run/data.sock"], settings.Disks);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("\uFEFF{ \"appliance\": null }")]
    public void WhatIsNotSetHasItsDefault(string text)
    {
        AgentSettings settings = Read(text);
        Assert.Null(settings.Appliance);
        Assert.Equal(AgentSettings.DefaultState, settings.State);
        Assert.True(settings.MachineDisks);
        Assert.Empty(settings.Exclude);
        Assert.Empty(settings.Disks);
    }

    [Theory]
    [InlineData("", 1, 1, "JSON")]
    [InlineData("[]", 1, 1, "object")]
    [InlineData("{ \"exclude\": [] } x", 1, 19, "JSON")]
    [InlineData("{\n  \"exlude\": []\n}", 2, 3, "no setting 'exlude'")]
    [InlineData("{\n  \"Exclude\": []\n}", 2, 3, "'Exclude'")]
    [InlineData("{\n  \"exclude\": [],\n  \"exclude\": []\n}", 3, 3, "twice")]
    [InlineData("{\n  \"exclude\": \"/dev/sdb\"\n}", 2, 14, "no list")]
    [InlineData("{\n  \"exclude\": [\n    \"/dev/sdb\",\n    \"sdc\"\n  ]\n}", 4, 5, "'sdc'")]
    [InlineData("{\n  \"exclude\": [\"/dev/sdb\", 7]\n}", 2, 27, "text")]
    [InlineData("{\n  \"machineDisks\": \"yes\"\n}", 2, 19, "true nor false")]
    [InlineData("{\n  \"state\": \"asr\"\n}", 2, 12, "absolute")]
    [InlineData("{\n  \"appliance\": \"http://a\"\n}", 2, 16, "http://a")]
    [InlineData("{\n  \"disks\": [\"data\"]\n}", 2, 13, "data")]
    [InlineData("{\n  \"exclude\": [\n", 3, 1, "JSON")]
    public void AMistakeIsNamedWithItsPlace(string text, int line, int column, string what)
    {
        AsrException error = Assert.Throws<AsrException>(() => Read(text));
        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.StartsWith($"Settings file '/etc/test.json', line {line}, column {column}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(error.Action));
    }

    [Fact]
    public void AFileThatIsAskedForMustBeThere()
    {
        AsrException error = Assert.Throws<AsrException>(() => AgentSettingsReader.Load(_temporary.At("none.json")));
        Assert.Equal(AsrErrorCode.NotFound, error.Code);
        Assert.Equal(_temporary.At("none.json"), error.Target);
    }

    [Fact]
    public void AFileOfAnySizeIsNotReadInFull()
    {
        string path = _temporary.At("large.json");
        File.WriteAllText(path, "{}" + new string(' ', AgentSettingsReader.BytesMax));
        Assert.Equal(AsrErrorCode.InvalidArgument, Assert.Throws<AsrException>(() => AgentSettingsReader.Load(path)).Code);
    }

    public void Dispose() => _temporary.Dispose();

    private static AgentSettings Read(string text) => AgentSettingsReader.Read(Encoding.UTF8.GetBytes(text), "/etc/test.json");
}
