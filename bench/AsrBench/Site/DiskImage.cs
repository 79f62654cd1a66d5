using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Asr.Bench.Processes;

namespace Asr.Bench.Site;

/// <summary>The disk that everything is measured on.</summary>
internal static class DiskImage
{
    private const double FillMax = 0.6;

    /// <summary>
    /// Makes an ext4 file system with the files of <c>/usr/lib</c>; of a size that cannot hold them, with as many of its entries, in order of name, as
    /// fill 60 %.
    /// </summary>
    public static async Task CreateAsync(string path, long bytes, CancellationToken cancellationToken)
    {
        string staging = path + ".files";
        string fillMax = ((long)(bytes * FillMax)).ToString(CultureInfo.InvariantCulture);
        string select = $$"""
            total=$(du -sxb /usr/lib | cut -f1)
            if [ "$total" -le {{fillMax}} ]; then echo /usr/lib; exit; fi
            mkdir {{staging}}; used=0
            for entry in $(ls /usr/lib); do
                size=$(du -sxb "/usr/lib/$entry" | cut -f1)
                if [ $((used + size)) -le {{fillMax}} ]; then cp -a "/usr/lib/$entry" {{staging}}/; used=$((used + size)); fi
            done
            echo {{staging}}
            """;
        string folder = (await Shell.RunAsync(select, cancellationToken)).Trim();
        await Shell.RunAsync($"PATH=$PATH:/usr/sbin mkfs.ext4 -q -F -E root_owner=0:0 -d {folder} {path} {bytes / 1024}k && sync {path}", cancellationToken);
        if (Directory.Exists(staging))
        {
            Directory.Delete(staging, recursive: true);
        }
    }
}
