using System.Threading;
using System.Threading.Tasks;
using Asr.Engine.Blocks;

namespace Asr.ProcessServer.Recovery;

/// <summary>The appliance's NBD exports of disks at the recovery site. Safe for concurrent callers.</summary>
public interface IExportHost
{
    /// <summary>Serves a device under a name and gives its address. The device stays the caller's.</summary>
    Task<string> AddAsync(string name, IBlockDevice device, CancellationToken cancellationToken);

    /// <summary>Stops serving a name: returns once no client reads or writes the device any more. An unknown name is no error.</summary>
    Task RemoveAsync(string name);

    /// <summary>The address of an export, or null when it is not served.</summary>
    string? FindUri(string name);
}
