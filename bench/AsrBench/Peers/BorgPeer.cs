using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Peers;

/// <summary>BorgBackup with an encrypted repository and LZ4.</summary>
internal sealed class BorgPeer(string repository, string options)
{
    private int _archives;

    /// <summary>The command that is timed.</summary>
    public string Command => $"borg create -C lz4 {options}REPO::ARCHIVE disk.img".Replace("  ", " ", System.StringComparison.Ordinal);

    /// <summary>Bytes of the repository.</summary>
    public Task<double> SizeAsync(CancellationToken cancellationToken) => Shell.SizeAsync(repository, cancellationToken);

    /// <summary>Makes the repository.</summary>
    public Task InitializeAsync(CancellationToken cancellationToken) =>
        Shell.RunAsync($"borg init -e repokey-blake2 {repository}", cancellationToken, Environment());

    /// <summary>Seconds of one backup.</summary>
    public Task<double> BackUpAsync(string image, CancellationToken cancellationToken) => Shell.TimeAsync(
        string.Create(CultureInfo.InvariantCulture, $"borg create -C lz4 {options}{repository}::a{++_archives} {image} && sync"), cancellationToken, Environment());

    // Its caches and keys stay out of the user's own folders.
    private (string, string)[] Environment() => [("BORG_PASSPHRASE", "bench"), ("BORG_BASE_DIR", repository + ".base")];
}
