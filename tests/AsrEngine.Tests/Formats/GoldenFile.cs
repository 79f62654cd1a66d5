using System.IO;

namespace Asr.Engine.Tests.Formats;

/// <summary>
/// Bytes of the formats as they were shipped: files beside this one, built into the tests. A new version of a format gets a new file; these stay as long
/// as the version is read.
/// </summary>
internal static class GoldenFile
{
    /// <summary>The bytes of one file.</summary>
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(GoldenFile).Assembly.GetManifestResourceStream(name) ?? throw new FileNotFoundException($"The tests hold no '{name}'.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
