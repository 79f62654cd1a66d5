using System;
using System.IO;

namespace Asr.Tests.Shared;

/// <summary>A folder of its own for one test, deleted at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asr-test-");

    public string Path => _folder.FullName;

    /// <summary>The path of a file or folder inside.</summary>
    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
