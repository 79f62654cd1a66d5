using System;
using System.IO;

namespace Asr.Engine.Tests.Vault;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("asr-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
