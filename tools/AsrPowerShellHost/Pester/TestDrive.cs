using System;
using System.IO;
using System.Management.Automation;

namespace Asr.PowerShellHost.Pester;

/// <summary>The folder of a file's tests, also the drive TestDrive:. It is removed with everything in it.</summary>
internal sealed class TestDrive : IDisposable
{
    private const string DriveName = "TestDrive";
    private readonly SessionState _session;

    public TestDrive(SessionState session)
    {
        _session = session;
        Path = Directory.CreateTempSubdirectory("asr-testdrive-").FullName;
        ProviderInfo fileSystem = session.Provider.GetOne("FileSystem");
        session.Drive.New(new PSDriveInfo(DriveName, fileSystem, Path, description: "", credential: null), "global");
    }

    public string Path { get; }

    public void Dispose()
    {
        _session.Drive.Remove(DriveName, force: true, "global");
        Directory.Delete(Path, recursive: true);
    }
}
