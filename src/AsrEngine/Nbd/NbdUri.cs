using System;
using System.Globalization;
using Asr.Contracts;

namespace Asr.Engine.Nbd;

/// <summary>
/// The address of an NBD export: <c>nbd://host:port/name</c> (default port 10809) or <c>nbd+unix:///name?socket=/path</c>. Names and paths are
/// percent-encoded in the text form.
/// </summary>
public sealed record NbdUri
{
    /// <summary>The port of NBD.</summary>
    public const int DefaultPort = 10809;

    private NbdUri()
    {
    }

    /// <summary>Host name or address; null for a Unix socket.</summary>
    public string? Host { get; private init; }

    /// <summary>TCP port; 0 for a Unix socket.</summary>
    public int Port { get; private init; }

    /// <summary>Path of the Unix socket; null for TCP.</summary>
    public string? SocketPath { get; private init; }

    /// <summary>Name of the export; empty for the server's default.</summary>
    public string ExportName { get; private init; } = "";

    /// <summary>The address of an export over TCP.</summary>
    public static NbdUri Tcp(string host, int port, string exportName) => new() { Host = host, Port = port, ExportName = exportName };

    /// <summary>The address of an export on a Unix socket.</summary>
    public static NbdUri Unix(string socketPath, string exportName) => new() { SocketPath = socketPath, ExportName = exportName };

    /// <summary>Reads the text form.</summary>
    /// <exception cref="AsrException"><see cref="AsrErrorCode.InvalidArgument"/>.</exception>
    public static NbdUri Parse(string text)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? uri))
        {
            string name = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'));
            if (uri.Scheme == "nbd" && uri.Host.Length > 0)
            {
                return Tcp(uri.Host.Trim('[', ']'), uri.Port < 0 ? DefaultPort : uri.Port, name);
            }

            const string key = "?socket=";
            if (uri.Scheme == "nbd+unix" && uri.Query.StartsWith(key, StringComparison.Ordinal) && uri.Query.Length > key.Length)
            {
                return Unix(Uri.UnescapeDataString(uri.Query[key.Length..]), name);
            }
        }

        throw new AsrException(
            AsrErrorCode.InvalidArgument, $"'{text}' is not an NBD address.", "Use nbd://host:port/name or nbd+unix:///name?socket=/path.", text);
    }

    /// <summary>The text form.</summary>
    public override string ToString()
    {
        string name = Uri.EscapeDataString(ExportName);
        if (SocketPath is not null)
        {
            return $"nbd+unix:///{name}?socket={Uri.EscapeDataString(SocketPath).Replace("%2F", "/", StringComparison.Ordinal)}";
        }

        string host = Host!.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"nbd://{host}:{Port}/{name}");
    }
}
