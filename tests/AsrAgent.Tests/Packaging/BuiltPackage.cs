using System;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Asr.Tests.Shared;
using Xunit;

namespace Asr.Agent.Tests.Packaging;

/// <summary>The Debian package that ./build.sh Package has made. Making one takes minutes, so without it tests skip.</summary>
internal static class BuiltPackage
{
    /// <summary>The root of the repository.</summary>
    public static string Repository
    {
        get
        {
            // out/bin/PROJECT/CONFIGURATION/FRAMEWORK/
            DirectoryInfo folder = new(AppContext.BaseDirectory);
            return folder.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        }
    }

    /// <summary>Its path; skips the test when there is none for this machine.</summary>
    public static string Require()
    {
        RealTools.Require("dpkg", "dpkg-deb");
        RealTools.RequireRoot();
        string folder = Path.Combine(Repository, "out/packages");
        string? package = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "asr-agent_*_amd64.deb").SingleOrDefault() : null;
        Assert.SkipWhen(package is null, "needs a package: run ./build.sh Package");
        Assert.SkipUnless(RuntimeInformation.OSArchitecture == Architecture.X64, "the package is for amd64");
        return package;
    }

    /// <summary>The program in the package, unpacked into a folder; skips the test likewise.</summary>
    public static async Task<string> UnpackProgramAsync(string folder)
    {
        await RealTools.CheckAsync("dpkg-deb", "--extract", Require(), folder);
        return Path.Combine(folder, "usr/bin/asr-agent");
    }
}
