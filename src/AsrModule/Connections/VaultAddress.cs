using System;
using System.Management.Automation;
using System.Net;
using System.Security;
using Asr.Contracts;

namespace Asr.Module.Connections;

/// <summary>Where a vault is, as the product's programs are told: a folder, or the URI of a container without its signature.</summary>
internal static class VaultAddress
{
    /// <summary>A folder's full path, or a container's URI as it is.</summary>
    public static string Resolve(string location, SessionState session) =>
        VaultLocation.IsContainer(location) ? location : session.Path.GetUnresolvedProviderPathFromPSPath(location);

    /// <summary>Takes the signature out of a container's URI: it must not become an argument of a program.</summary>
    public static (string Location, SecureString? Signature) Split(string location)
    {
        int query = VaultLocation.IsContainer(location) ? location.IndexOf('?') : -1;
        return query < 0 ? (location, null) : (location.Substring(0, query), new NetworkCredential("", location.Substring(query + 1)).SecurePassword);
    }

    /// <summary>The one secret of the storage, wherever it was given.</summary>
    public static SecureString? OneSecret(SecureString? signature, SecureString? given) => signature is not null && given is not null
        ? throw new AsrException(AsrErrorCode.InvalidArgument, "The container's URI has a signature, and -StorageSecret was given too.", "Give one of them.")
        : signature ?? given;
}
