using System;
using System.IO;

namespace Asr.Engine.Capture;

/// <summary>Tells one run of the operating system from the next.</summary>
public static class BootIdentity
{
    private const string Path = "/proc/sys/kernel/random/boot_id";

    /// <summary>
    /// The kernel's boot id. Where it cannot be read, a new id each time: then no log counts as written in this run, which costs a comparison and
    /// never trusts too much.
    /// </summary>
    public static Guid Read()
    {
        try
        {
            return Guid.TryParse(File.ReadAllText(Path).Trim(), out Guid id) ? id : Guid.NewGuid();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid();
        }
    }
}
