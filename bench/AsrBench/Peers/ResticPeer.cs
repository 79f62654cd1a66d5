using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Peers;

/// <summary>restic with a repository of version 2.</summary>
internal sealed class ResticPeer(string repository)
{
    /// <summary>The command that is timed.</summary>
    public const string Command = "restic -r REPO backup -q --compression auto disk.img";

    /// <summary>Bytes of the repository.</summary>
    public Task<double> SizeAsync(CancellationToken cancellationToken) => Shell.SizeAsync(repository, cancellationToken);

    /// <summary>Makes the repository.</summary>
    public Task InitializeAsync(CancellationToken cancellationToken) =>
        Shell.RunAsync($"restic init -q -r {repository} --repository-version 2", cancellationToken, Environment());

    /// <summary>Seconds of one backup.</summary>
    public Task<double> BackUpAsync(string image, CancellationToken cancellationToken) =>
        Shell.TimeAsync($"restic -r {repository} backup -q --compression auto {image} && sync", cancellationToken, Environment());

    private (string, string)[] Environment() => [("RESTIC_PASSWORD", "bench"), ("RESTIC_CACHE_DIR", repository + ".cache")];
}
