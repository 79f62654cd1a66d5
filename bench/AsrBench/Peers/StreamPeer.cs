using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Peers;

/// <summary>A compressor piped into AES-256-CTR and a file: neither authenticated nor readable at random.</summary>
internal sealed class StreamPeer(string compressor)
{
    /// <summary>The command that is timed.</summary>
    public string Command => $"{compressor} -c disk.img | openssl enc -aes-256-ctr -K KEY -iv IV > FILE && sync FILE";

    /// <summary>Seconds of one copy; the file is removed.</summary>
    public async Task<double> CopyAsync(string image, string output, CancellationToken cancellationToken)
    {
        string key = new('a', 64);
        string iv = new('b', 32);
        double seconds = await Shell.TimeAsync($"{compressor} -c {image} | openssl enc -aes-256-ctr -K {key} -iv {iv} > {output} && sync {output}", cancellationToken);
        File.Delete(output);
        return seconds;
    }
}
