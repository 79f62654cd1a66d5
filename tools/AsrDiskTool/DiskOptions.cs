using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Asr.Contracts;
using Asr.Engine.Blocks;
using Asr.Engine.Nbd;

namespace Asr.DiskTool;

/// <summary>The disk a command works on: an NBD export or a file.</summary>
internal sealed class DiskOptions
{
    private readonly Option<string?> _uri = new("--uri") { Description = "NBD address: nbd://host:port/name or nbd+unix:///name?socket=/path" };
    private readonly Option<string?> _path = new("--path") { Description = "Disk image file or device" };

    public void AddTo(Command command)
    {
        command.Options.Add(_uri);
        command.Options.Add(_path);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_uri) is null == result.GetValue(_path) is null)
            {
                result.AddError("Give either --uri or --path.");
            }
        });
    }

    /// <summary>Opens the disk named on the command line.</summary>
    public async Task<IBlockDevice> OpenAsync(ParseResult arguments, bool isReadOnly, CancellationToken cancellationToken) =>
        arguments.GetValue(_uri) is { } uri
            ? await NbdClient.ConnectAsync(NbdUri.Parse(uri), cancellationToken)
            : FileBlockDevice.Open(arguments.GetValue(_path) ?? throw new AsrException(AsrErrorCode.InvalidArgument, "No disk is named."), isReadOnly);
}
