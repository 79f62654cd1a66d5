using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using Asr.Contracts;

namespace Asr.Agent.Disks;

/// <summary>
/// A disk as named on the command line: <c>NAME=PATH@LISTEN</c>, LISTEN being <c>unix:/path/to.sock</c> or <c>tcp:127.0.0.1:port</c>, for a disk that is served; <c>NAME=/dev/DISK</c> for
/// one that the machine uses directly.
/// </summary>
/// <param name="Name">Name within the machine, 1 to 63 letters, digits, '-', '_' or '.'.</param>
/// <param name="DiskPath">Absolute path of the image or block device.</param>
/// <param name="SocketPath">Unix socket to serve it at, or null.</param>
/// <param name="TcpEndPoint">Address to serve it at, or null.</param>
internal sealed record DiskOption(string Name, string DiskPath, string? SocketPath, IPEndPoint? TcpEndPoint)
{
    private const int NameCharsMax = 63;

    // Leaves room for a number behind it.
    private const int KernelNameCharsMax = 48;
    private const string UnixPrefix = "unix:";
    private const string TcpPrefix = "tcp:";

    /// <summary>True when the workload uses the disk through the agent; false for a disk of the machine that is tracked in place.</summary>
    public bool IsServed => SocketPath is not null || TcpEndPoint is not null;

    /// <summary>Reads the text form; <see cref="AsrErrorCode.InvalidArgument"/> says which part is wrong.</summary>
    public static DiskOption Parse(string text)
    {
        // A path may hold '@' and a name no '=': the first '=' and the last '@' are ours.
        int nameEnd = text.IndexOf('=');
        int pathEnd = text.LastIndexOf('@');
        bool isServed = pathEnd > nameEnd;
        if (nameEnd < 0)
        {
            throw Invalid(text, "is not of the form NAME=PATH@LISTEN or NAME=/dev/DISK");
        }

        string name = text[..nameEnd];
        if (name.Length is 0 or > NameCharsMax || !name.All(IsNameCharacter))
        {
            throw Invalid(text, $"has the name '{name}', which is not 1 to {NameCharsMax} letters, digits, '-', '_' or '.'");
        }

        string path = isServed ? text[(nameEnd + 1)..pathEnd] : text[(nameEnd + 1)..];
        if (path.Length == 0)
        {
            throw Invalid(text, "names no path");
        }

        if (!isServed)
        {
            return path.StartsWith("/dev/", StringComparison.Ordinal)
                ? new DiskOption(name, Path.GetFullPath(path), null, null)
                : throw Invalid(text, "is neither served at an address nor a device of this machine");
        }

        string listen = text[(pathEnd + 1)..];
        if (listen.StartsWith(UnixPrefix, StringComparison.Ordinal) && listen.Length > UnixPrefix.Length)
        {
            return new DiskOption(name, Path.GetFullPath(path), Path.GetFullPath(listen[UnixPrefix.Length..]), null);
        }

        return TryParseTcp(listen, out IPEndPoint? address)
            ? new DiskOption(name, Path.GetFullPath(path), null, address)
            : throw Invalid(text, $"listens at '{listen}', which is neither unix:/path nor tcp:address:port");
    }

    /// <summary>Throws when two options name one disk, path or socket.</summary>
    public static void RequireDistinct(IReadOnlyCollection<DiskOption> options)
    {
        Require("name", options.GroupBy(option => option.Name, StringComparer.OrdinalIgnoreCase));
        Require("path", options.GroupBy(option => option.DiskPath, StringComparer.Ordinal));
        Require("socket", options.Where(option => option.SocketPath is not null).GroupBy(option => option.SocketPath!, StringComparer.Ordinal));

        static void Require(string what, IEnumerable<IGrouping<string, DiskOption>> groups)
        {
            if (groups.FirstOrDefault(group => group.Count() > 1) is { } twice)
            {
                throw new AsrException(AsrErrorCode.InvalidArgument, $"Two disks have the {what} '{twice.Key}'.", "Name every disk once.", twice.Key);
            }
        }
    }

    /// <summary>Makes a kernel's name one that a disk can have.</summary>
    public static string ToName(string kernelName)
    {
        string name = new([.. kernelName.Select(c => IsNameCharacter(c) ? c : '-')]);
        return name.Length <= KernelNameCharsMax ? name : name[..KernelNameCharsMax];
    }

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';

    private static bool TryParseTcp(string listen, out IPEndPoint? address)
    {
        address = null;
        if (!listen.StartsWith(TcpPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        // An address alone would parse as one with port 0.
        string text = listen[TcpPrefix.Length..];
        int portAt = text.LastIndexOf(':') + 1;
        return portAt > 1 && portAt < text.Length && char.IsAsciiDigit(text[^1]) && !text.EndsWith(']') && IPEndPoint.TryParse(text, out address);
    }

    private static AsrException Invalid(string text, string what) => new(
        AsrErrorCode.InvalidArgument, $"The disk '{text}' {what}.", "Write for example data=/srv/data.img@unix:/run/asr/data.sock.", text);
}
