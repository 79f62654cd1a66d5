using System;
using System.IO;

namespace Asr.Agent.Service;

/// <summary>Where the parts of an installed agent lie. Immutable.</summary>
/// <param name="root">What counts as the root folder: "/", or the folder of an image that is being prepared.</param>
internal sealed class ServiceLayout(string root)
{
    /// <summary>Name of the service.</summary>
    public const string ServiceName = "asr-agent";

    /// <summary>Where the program of the package is, as the unit file in packaging/systemd names it.</summary>
    public const string PackagedProgram = "/usr/lib/asr-agent/asr-agent";

    private const string UnitName = ServiceName + ".service";

    /// <summary>The root folder.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>True when this is the running system and not an image.</summary>
    public bool IsThisSystem => Root == "/";

    /// <summary>The unit that <c>asr-agent install</c> writes.</summary>
    public string UnitFile => At("/etc/systemd/system/" + UnitName);

    /// <summary>True when a package has brought a unit, which then counts.</summary>
    public bool HasPackagedUnit => File.Exists(At("/usr/lib/systemd/system/" + UnitName)) || File.Exists(At("/lib/systemd/system/" + UnitName));

    /// <summary>Where a program that was started from elsewhere is copied to.</summary>
    public string ProgramFile => At("/usr/local/sbin/asr-agent");

    /// <summary>Settings.</summary>
    public string SettingsFile => At(Settings.AgentSettings.DefaultPath);

    /// <summary>What is noted until the machine restarts.</summary>
    public string RuntimeFolder => At("/run/" + ServiceName);

    /// <summary>The programs and maps that track disks in place: while they are pinned here, they go on without the agent.</summary>
    public string PinFolder => At("/sys/fs/bpf/" + ServiceName);

    /// <summary>A path of the installed system as one of this system.</summary>
    public string At(string path) => IsThisSystem ? path : Root + path;

    /// <summary>A path of this system as one of the installed system.</summary>
    public string Inside(string path) => IsThisSystem ? path : path.StartsWith(Root + "/", StringComparison.Ordinal) ? path[Root.Length..] : path;
}
