using Asr.Agent.Disks;
using Asr.Contracts;
using Xunit;

namespace Asr.Agent.Tests.Disks;

public sealed class DiskOptionTests
{
    [Fact]
    public void ASocketIsRead()
    {
        DiskOption option = DiskOption.Parse("data=/srv/a=b@c.img@unix:/run/data.sock");
        Assert.Equal("data", option.Name);
        Assert.Equal("/srv/a=b@c.img", option.DiskPath);
        Assert.Equal("/run/data.sock", option.SocketPath);
        Assert.Null(option.TcpEndPoint);
    }

    [Theory]
    [InlineData("127.0.0.1:10809")]
    [InlineData("127.0.0.1:0")]
    [InlineData("[::1]:10809")]
    public void AnAddressIsRead(string address)
    {
        DiskOption option = DiskOption.Parse($"data=/srv/a.img@tcp:{address}");
        Assert.Equal(address, option.TcpEndPoint?.ToString());
        Assert.Null(option.SocketPath);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data")]
    [InlineData("data=/srv/a.img")]
    [InlineData("a@b=c")]
    [InlineData("=/srv/a.img@unix:/run/a")]
    [InlineData("da ta=/srv/a.img@unix:/run/a")]
    [InlineData("../x=/srv/a.img@unix:/run/a")]
    [InlineData("data=@unix:/run/a")]
    [InlineData("data=/srv/a.img@unix:")]
    [InlineData("data=/srv/a.img@tcp:")]
    [InlineData("data=/srv/a.img@tcp:127.0.0.1")]
    [InlineData("data=/srv/a.img@tcp:[::1]")]
    [InlineData("data=/srv/a.img@tcp:127.0.0.1:99999")]
    [InlineData("data=/srv/a.img@tcp:localhost:1")]
    [InlineData("data=/srv/a.img@udp:127.0.0.1:1")]
    public void OtherTextIsRefused(string text)
    {
        AsrException error = Assert.Throws<AsrException>(() => DiskOption.Parse(text));
        Assert.Equal(AsrErrorCode.InvalidArgument, error.Code);
        Assert.Equal(text, error.Target);
    }

    [Theory]
    [InlineData("a=/x@unix:/1", "A=/y@unix:/2")]
    [InlineData("a=/x@unix:/1", "b=/x@unix:/2")]
    [InlineData("a=/x@unix:/1", "b=/y@unix:/1")]
    public void NothingIsNamedTwice(string one, string two)
    {
        DiskOption[] options = [DiskOption.Parse(one), DiskOption.Parse(two)];
        Assert.Equal(AsrErrorCode.InvalidArgument, Assert.Throws<AsrException>(() => DiskOption.RequireDistinct(options)).Code);
    }
}
